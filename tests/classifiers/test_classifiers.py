"""Model files: told apart by content, cut at any layer, refused in one line."""

import pytest
import safetensors.torch
import torch

from dipcli.classifiers.architectures import ARCHITECTURES
from dipcli.classifiers.features import Features, parse, relative
from dipcli.classifiers.loading import load
from dipcli.errors import ModelError, UsageError

CPU = torch.device("cpu")
PROGRAMS = ("any.pt2", "fixed.pt2", "script.pt", "trace.pt")
LAYERS = {"features.0": (24, 32, 40), "features.5": (48, 16, 20), "fc": (16,)}


def classifier(models, name):
    return load(models[name].read_bytes(), name)


@pytest.mark.parametrize("layer", LAYERS)
def test_every_kind_of_file_gives_the_same_features_of_a_layer(models, layer):
    picture = torch.rand(1, 3, 32, 40, generator=torch.Generator().manual_seed(0))
    found = [Features(classifier(models, name), layer, None, CPU)(picture) for name in PROGRAMS]
    assert found[0].shape[1:] == LAYERS[layer]
    for one in found[1:]:
        torch.testing.assert_close(one, found[0])


def test_a_layer_is_as_it_was_before_what_follows_changed_it_in_place(models):
    """ReLU works in place: before it there are values below 0."""
    picture = torch.rand(1, 3, 32, 40)
    for name in PROGRAMS:
        assert Features(classifier(models, name), "features.0", None, CPU)(picture).min() < 0


def test_features_have_a_gradient_and_weights_have_none(models):
    picture = torch.rand(1, 3, 32, 40, requires_grad=True)
    for name in PROGRAMS:
        features = Features(classifier(models, name), "fc", None, CPU)
        (gradient,) = torch.autograd.grad(features(picture).sum(), picture)
        assert gradient.abs().sum() > 0
        assert not any(one.requires_grad for one in features.part.parameters())


def test_what_a_model_takes_is_known(models):
    assert classifier(models, "fixed.pt2").size == (32, 40)
    assert classifier(models, "any.pt2").size is None
    assert all(classifier(models, name).channels == 3 for name in PROGRAMS)
    with pytest.raises(UsageError, match="does not take a picture of 4x3"):
        Features(classifier(models, "any.pt2"), "fc", None, CPU)(torch.rand(1, 3, 3, 4))


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_layers_are_listed_in_order_with_their_shapes(models, name):
    rows = classifier(models, name).listing((32, 40))
    shapes = {row["layer"]: row["shape"] for row in rows}
    assert shapes["features.0"] == [24, 32, 40]
    assert rows[-1]["layer"] == "fc"
    assert rows[-1]["shape"] == [16]
    assert len(rows) == 12


def test_a_wrong_layer_is_told_with_the_nearest_names(models):
    with pytest.raises(ModelError, match=r"'feature\.5'; did you mean features\.5 or features"):
        classifier(models, "any.pt2").find("feature.5")


@pytest.mark.parametrize(
    ("architecture", "parameters", "layers"),
    list(zip(ARCHITECTURES, (61_100_840, 138_357_544, 143_667_240), (18, 36, 42), strict=True)),
    ids=lambda one: getattr(one, "title", ""),
)
def test_an_architecture_is_the_published_one(architecture, parameters, layers):
    with torch.device("meta"):
        network = architecture.build(1000)
    assert sum(one.numel() for one in network.parameters()) == parameters
    modules = dict(network.named_modules())
    assert len(architecture.names) == layers
    assert set(architecture.names.values()) <= set(modules)
    for name, path in architecture.names.items():
        kind = {"c": "Conv2d", "r": "ReLU", "p": "MaxPool2d", "f": "Linear"}[name[0]]
        assert type(modules[path]).__name__ == kind


def blank(architecture, **changed):
    """Weights of an architecture that take no room: one number, told many times."""
    with torch.device("meta"):
        state = architecture.build(1000).state_dict()
    state = {key: torch.zeros(1).expand(value.shape) for key, value in state.items()}
    return {key: value for key, value in {**state, **changed}.items() if value is not None}


def saved(state, folder):
    torch.save(state, folder / "weights.pth")
    return (folder / "weights.pth").read_bytes()


def test_weights_find_their_architecture_by_names_and_shapes(tmp_path):
    for architecture in ARCHITECTURES:
        found = load(saved(blank(architecture), tmp_path), "weights.pth")
        assert found.title == architecture.title
        assert (found.normalize, found.usual) == ("imagenet", (224, 224))
        assert set(architecture.names) <= set(found.layers())
    assert found.find("conv3_4") is found.find("features.16")


def test_weights_of_torch_before_1_6_and_safetensors_are_read(tmp_path):
    state = blank(ARCHITECTURES[0])
    torch.save(state, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    assert load((tmp_path / "old.pth").read_bytes()).title == "AlexNet"
    small = {"features.0.weight": torch.zeros(64, 3, 11, 11)}
    with pytest.raises(ModelError, match=r"AlexNet.*features.0.bias is missing, and 14 more"):
        load(safetensors.torch.save(small))


def test_weights_of_another_architecture_are_told_with_what_does_not_fit(models, tmp_path):
    narrow = {"features.3.weight": torch.zeros(64, 64, 5, 5), "classifier.6.bias": None}
    told = r"AlexNet.*features.3.weight is 64x64x5x5 and not 192x64x5x5, and 1 more"
    with pytest.raises(ModelError, match=told):
        load(saved(blank(ARCHITECTURES[0], **narrow), tmp_path), "weights.pth")
    with pytest.raises(ModelError, match=r"other.pth: holds weights.*alexnet-owt-7be5be79.pth"):
        classifier(models, "other.pth")


def test_nothing_is_unpickled(models):
    with pytest.raises(ModelError, match="more than weights"):
        classifier(models, "pickled.pth")


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_damaged_file_is_told(models, name):
    data = models[name].read_bytes()
    with pytest.raises(ModelError, match="damaged"):
        load(data[: len(data) // 2], name)
    with pytest.raises(ModelError, match="is no model"):
        load(b"\x89PNG" + data, name)


def test_a_program_that_branches_is_refused(tmp_path):
    class Branching(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if bool(x.sum() > 0):
                return x
            return -x

    with pytest.warns(DeprecationWarning):
        torch.jit.save(torch.jit.script(Branching()), tmp_path / "branching.pt")
    with pytest.raises(ModelError, match="export"):
        load((tmp_path / "branching.pt").read_bytes())


def test_normalisation_is_undergone_and_checked(models):
    picture = torch.rand(1, 3, 32, 40)
    one = classifier(models, "any.pt2")
    plain = Features(one, "features.0", "none", CPU)((picture - 0.5) / 0.25)
    torch.testing.assert_close(Features(one, "features.0", "0.5/0.25", CPU)(picture), plain)
    assert parse("imagenet")[0][0] == 0.485
    for bad in ("0.5", "a/b", "0.5/0", "1/2/3", "", "0.5/nan"):
        with pytest.raises(UsageError, match="normalize"):
            parse(bad)
    with pytest.raises(UsageError, match="one number for each"):
        Features(one, "fc", "1,2/1", CPU)


def test_gray_is_colour_too_and_the_distance_is_relative(models):
    gray = torch.rand(1, 1, 32, 40)
    features = Features(classifier(models, "any.pt2"), "fc", None, CPU)
    torch.testing.assert_close(features(gray), features(gray.expand(-1, 3, -1, -1)))
    assert relative(torch.tensor([3.0]), torch.tensor([2.0])).item() == pytest.approx(0.25)
