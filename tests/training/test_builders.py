"""A name leads to a network, or to the names that are near."""

import pytest
import torch

from cnncourse.training.builders import build, builders
from cnncourse.training.refusal import Refusal


def test_every_family_is_there_with_its_tiny_member():
    families = {name.split(".")[0] for name in builders()}
    assert {"lenet", "alexnet", "vgg", "googlenet", "resnet", "cifar_resnet"} <= families
    assert {f"{family}.tiny" for family in families} <= set(builders())


def test_a_network_fits_classes_and_images():
    model = build("cifar_resnet.tiny", 3, (1, 16, 16))
    assert model(torch.zeros(2, 1, 16, 16)).shape == (2, 3)


def test_googlenet_comes_without_auxiliary_heads():
    model = build("googlenet.googlenet", 3, (1, 32, 32)).train()
    assert model(torch.rand(2, 1, 32, 32)).shape == (2, 3)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("resnet.resnet81", "did you mean resnet.resnet18"),
        ("resnet18", "did you mean resnet.resnet18"),
        ("resnet.lenet5", "lenet.lenet5"),
        ("?", "a name is family.builder, with a family from alexnet, cifar_resnet"),
        ("os.system", "a name is family.builder"),
        ("cifar_resnet.preactivation_resnet", "did you mean cifar_resnet.preactivation_resnet164"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(name, said):
    with pytest.raises(Refusal, match=rf"^there is no model '.*': .*{said}"):
        build(name, 10, (3, 32, 32))


def test_images_that_are_too_small_are_refused_with_their_size():
    with pytest.raises(Refusal, match=r"^vgg\.tiny cannot take images of 4 × 6 .--size resizes"):
        build("vgg.tiny", 10, (1, 4, 6))


def test_a_network_for_one_size_of_image_is_built_for_that_of_the_data():
    assert build("vit.tiny", 3, (1, 28, 28))(torch.zeros(2, 1, 28, 28)).shape == (2, 3)


def test_functions_that_a_family_imports_are_no_networks():
    assert not [name for name in builders() if name.endswith("check_arguments")]
