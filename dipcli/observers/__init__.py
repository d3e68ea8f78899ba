"""What watches a run: callables that take a `Step`, change nothing, and look only now and then."""

from dipcli.observers.checkpoint import Checkpoint
from dipcli.observers.curve import Curve, check_curve_suffix
from dipcli.observers.frames import Frames, check_animation_suffix
from dipcli.observers.interrupt import Interrupt
from dipcli.observers.progress import Meter, Reading
from dipcli.observers.reference import Reference

__all__ = [
    "Checkpoint",
    "Curve",
    "Frames",
    "Interrupt",
    "Meter",
    "Reading",
    "Reference",
    "check_animation_suffix",
    "check_curve_suffix",
]
