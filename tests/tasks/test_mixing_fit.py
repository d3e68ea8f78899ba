"""A fit goes only so far from the filter's picture."""

import torch

from dipcli import tasks
from dipcli.api import restore, runtime_for
from dipcli.stream.step import Step
from dipcli.tasks import denoising, filters


def test_no_value_goes_farther_and_what_is_nearer_stays():
    pilot = torch.full((1, 1, 2, 2), 0.5)
    fitted = torch.tensor([[[[0.52, 0.9], [0.1, 0.5]]]])
    step = Step(0, 1, "fit", 0, torch.zeros(()), fitted, fitted)
    (found,) = filters.near([step], pilot, 0.1)
    assert torch.allclose(found.estimate, torch.tensor([[[[0.52, 0.6], [0.4, 0.5]]]]))
    assert found.output is fitted


def test_a_fit_of_no_use_hardly_harms(draw):
    """One step of a fit is far off; the result stays within a share of the noise."""
    task = tasks.denoise(draw(48, 64), sigma=25)
    narrow = {"channels": (4, 8), "passes": 1, "iters": 1}
    found = {
        method: restore(
            task, task.settings("auto", method=method, **narrow), runtime_for("cpu")
        ).image.astype(float)
        for method in ("patches", "patches+dip")
    }
    apart = abs(found["patches"] - found["patches+dip"])
    assert 0 < apart.max() <= 0.3 * 0.6 * 25 * 2 + 1  # clipping undone stretches it


def test_the_noise_of_cameras_has_a_fit_of_its_own(draw):
    task = tasks.denoise(draw(48, 64), noise="photo")
    assert task.kind == "photo"
    assert not task.settings("auto").fits_details
    plain = tasks.denoise(draw(48, 64), sigma=25)
    assert plain.settings("auto").fits_details
    assert not plain.settings("auto", stop="holdout").fits_details
    assert not plain.settings("auto", input="pyramid").fits_details
    assert not plain.settings("best").fits_details


def test_the_network_fits_the_observation_and_the_share_of_the_filtered_picture(draw, monkeypatch):
    fitted = {}

    def ensemble(problem, settings, *arguments, **more):
        fitted[settings.pilot_share] = problem
        return iter(())

    monkeypatch.setattr(denoising, "ensemble", ensemble)
    picture = draw(48, 64)
    task = tasks.denoise(picture, sigma=25)
    for share in (0.0, 0.25, 1.0):
        narrow = {"channels": (4, 8), "passes": 1, "iters": 1, "method": "patches+dip"}
        restore(task, task.settings("auto", pilot_share=share, **narrow), runtime_for("cpu"))
    pilot = fitted[0.0].picture
    none, quarter, whole = (fitted[share].observation for share in (0.0, 0.25, 1.0))
    assert torch.allclose(whole, pilot)
    assert torch.allclose(quarter, 0.75 * none + 0.25 * pilot, atol=1e-6)
    assert (none - pilot).abs().max() > 0.02
