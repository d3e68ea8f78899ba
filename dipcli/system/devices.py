"""Where to compute, and in which precision; facts for `dip doctor`."""

from __future__ import annotations

import os
import platform
from contextlib import AbstractContextManager, nullcontext

import torch

from dipcli.errors import DeviceError
from dipcli.system import memory


def choose(name: str = "auto") -> torch.device:
    """The device called auto, cpu, cuda, cuda:N or mps; auto takes the fastest present.

    Raises DeviceError for a device that is named and absent: never a silent CPU run.
    """
    if name == "auto":
        return torch.device(available()[-1])
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise DeviceError(
            f"unknown device {name!r}; choose auto, cpu, cuda, cuda:N, mps"
        ) from error
    if device.type not in ("cpu", "cuda", "mps"):
        raise DeviceError(f"unknown device {name!r}; choose auto, cpu, cuda, cuda:N, mps")
    if device.type not in available():
        raise DeviceError(f"device {name} is not present; here: {', '.join(available())}")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise DeviceError(
            f"device {name} is not present; {torch.cuda.device_count()} GPUs here; "
            "`dip doctor` names them"
        )
    return device


def available() -> list[str]:
    """The kinds of device present, the fastest last."""
    kinds = ["cpu"]
    if torch.backends.mps.is_available():
        kinds.append("mps")
    if torch.cuda.is_available():
        kinds.append("cuda")
    return kinds


def precision(device: torch.device) -> torch.dtype | None:
    """bfloat16 where the device multiplies in it natively, None (float32) where not.

    Measured: with AVX-512 BF16 or AMX a step takes 0.57 of its time in float32; without
    them the conversions cost more than they save.
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(False) else None
    if device.type == "cpu" and native_bf16():
        return torch.bfloat16
    return None


def native_bf16() -> bool:
    """Whether this CPU has bfloat16 instructions (AVX-512 BF16 or AMX)."""
    found = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(found.get("avx512_bf16") or found.get("amx_bf16"))


def facts() -> dict[str, object]:
    """What `dip doctor` tells: versions, devices, threads, memory (bytes), precision."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "platform": platform.platform(),
        "devices": {kind: describe(torch.device(kind)) for kind in available()},
        "auto": str(choose("auto")),
        "precision": {kind: rule(torch.device(kind)) for kind in available()},
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        "memory": memory.physical(),
    }


def describe(device: torch.device) -> str:
    """The device in words."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)} ({torch.cuda.device_count()} present)"
    if device.type == "mps":
        return "Apple GPU"
    return (
        f"{platform.processor() or platform.machine()}, {torch.backends.cpu.get_cpu_capability()}"
    )


def rule(device: torch.device) -> str:
    """The precision used on `device`, and why."""
    if precision(device) is torch.bfloat16:
        return "bfloat16 autocast, channels_last: native bfloat16 instructions present"
    return "float32: no native bfloat16 instructions"


def free(device: torch.device) -> float | None:
    """Bytes that can be had on `device`, None where that is not known."""
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0]) / memory.on_device()
    return memory.available()


def reproducible(device: torch.device) -> AbstractContextManager[None]:
    """The same bytes from the same seed: deterministic convolutions on CUDA."""
    if device.type != "cuda":
        return nullcontext()
    return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True)
