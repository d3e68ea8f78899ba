"""Devices: named and absent is an error, and the rule for precision is told."""

import json

import pytest
import torch

from dipcli.errors import DeviceError
from dipcli.system import devices, memory


def test_auto_and_cpu_are_always_there():
    assert devices.choose("cpu") == torch.device("cpu")
    assert devices.choose("auto").type == devices.available()[-1]


@pytest.mark.parametrize("name", ["cuda:999", "gpu", "meta", "cpu:x", ""])
def test_what_is_absent_or_unknown_is_an_error_in_one_line(name):
    with pytest.raises(DeviceError) as error:
        devices.choose(name)
    assert "\n" not in str(error.value)
    assert error.value.exit_code == 2


def test_an_absent_kind_is_named_with_what_is_present(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match="cuda is not present; here: cpu"):
        devices.choose("cuda")


@pytest.mark.parametrize(("flags", "dtype"), [({"avx512_bf16": True}, torch.bfloat16), ({}, None)])
def test_the_cpu_uses_bfloat16_only_where_it_is_native(monkeypatch, flags, dtype):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: flags)
    assert devices.precision(torch.device("cpu")) is dtype
    told = devices.rule(torch.device("cpu"))
    assert told.startswith("float32" if dtype is None else "bfloat16")


def test_facts_are_plain_json():
    facts = json.loads(json.dumps(devices.facts()))
    assert facts["torch"] == torch.__version__
    assert "cpu" in facts["devices"]


def test_processes_that_share_a_machine_share_what_is_free_and_no_more(monkeypatch):
    monkeypatch.setattr(memory, "_meminfo", lambda: 6e9)
    monkeypatch.setattr(memory, "_cgroup", lambda: 9e9)
    monkeypatch.setattr(memory, "_address_space", lambda: 2.5e9)
    assert memory.available() == 2.5e9
    monkeypatch.setattr(memory, "_sharing", 1)  # put back in the end
    monkeypatch.setattr(memory, "_on_device", 1)
    memory.share(3, 2)
    assert memory.available() == 2e9
    assert memory.on_device() == 2
    memory.share(2, 1)
    assert memory.available() == 2.5e9, "the limit of a process is its own"
