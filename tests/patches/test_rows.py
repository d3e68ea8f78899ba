import pytest
import torch

from dipcli.patches.rows import fold, patch_rows


def by_hand(image, p):
    height, width = image.shape[2] - p + 1, image.shape[3] - p + 1
    return torch.stack(
        [
            image[0, :, row : row + p, column : column + p].flatten()
            for row in range(height)
            for column in range(width)
        ]
    )


@pytest.mark.parametrize(("channels", "p"), [(3, 4), (1, 7), (6, 2), (3, 1)])
def test_every_patch_is_a_row(channels, p):
    image = torch.rand(1, channels, 9, 11)
    assert torch.equal(patch_rows(image, p), by_hand(image, p))


def test_a_part_of_a_larger_picture_gives_the_same():
    image = torch.rand(1, 3, 20, 30)
    part = image[..., 3:14, 5:21]
    assert torch.equal(patch_rows(part, 4), by_hand(part, 4))


def test_rows_along_directions_are_products_with_them():
    image, directions = torch.rand(1, 3, 9, 11), torch.randn(48, 5)
    wanted = by_hand(image, 4) @ directions
    assert torch.allclose(patch_rows(image, 4, directions), wanted, atol=1e-4)


def test_rows_come_back_as_often_as_patches_cover_a_pixel():
    image = torch.ones(1, 2, 6, 6)
    back = fold(patch_rows(image, 3), (6, 6), 3)
    assert back[0, 1, 0].tolist() == [1, 2, 3, 3, 2, 1]
    assert float(back[0, 0, 3, 3]) == 9
