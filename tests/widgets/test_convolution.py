"""The convolution explorer computes in the page what the library computes in Python."""

import random
import re

import pytest
import torch
import traitlets

from cnncourse.layers import conv2d_loops
from cnncourse.shapes import conv_output_size, effective_kernel_size
from cnncourse.widgets.convolution import KERNELS, Convolution, photograph, pixels_of


def random_settings(generator):
    """Settings over their whole range; one in a few does not fit."""
    k = generator.choice([3, 5])
    height, width = generator.randint(1, 13), generator.randint(1, 13)
    return {
        "picture": generator.choice(["photograph", "painting", "painting"]),
        "painting": [[generator.randint(0, 9) for _ in range(width)] for _ in range(height)],
        "kernel": [[round(generator.uniform(-2, 2), 3) for _ in range(k)] for _ in range(k)],
        "stride": generator.randint(1, 6),
        "padding": generator.randint(0, 6),
        "dilation": generator.randint(1, 6),
        "flip": generator.random() < 0.5,
        "position": [generator.randint(0, 20), generator.randint(0, 20)],
    }


def expected(settings):
    """The output by the library, or None where the kernel does not fit."""
    pixels = (
        pixels_of(photograph())
        if settings["picture"] == "photograph"
        else torch.tensor(settings["painting"], dtype=torch.float64)
    )
    kernel = torch.tensor(settings["kernel"], dtype=torch.float64)
    options = [settings[name] for name in ("stride", "padding", "dilation")]
    if effective_kernel_size(len(kernel), options[2]) > min(pixels.shape) + 2 * options[1]:
        return None
    size = tuple(conv_output_size(n, len(kernel), *options) for n in pixels.shape)
    kernel = kernel.flip(0, 1) if settings["flip"] else kernel
    output = conv2d_loops(pixels[None, None], kernel[None, None], None, *options)[0, 0]
    assert output.shape == size
    return output


def test_three_hundred_random_settings_compute_what_the_library_computes(show):
    shown = show(Convolution())
    generator = random.Random(0)
    refused = 0
    for _ in range(300):
        settings = random_settings(generator)
        found, output = shown.set(**settings), expected(settings)
        if output is None:
            refused += 1
            assert list(found) == ["problem"]
            assert re.search(r"spans \d+ positions and does not fit into", shown.sentence())
            continue
        assert shown.sentence() == ""
        assert found["size"] == list(output.shape)
        torch.testing.assert_close(
            torch.tensor(found["output"], dtype=torch.float64), output, rtol=0, atol=1e-6
        )
        row, column = (
            min(place, size - 1)
            for place, size in zip(settings["position"], output.shape, strict=True)
        )
        assert found["position"] == [row, column]
        assert found["sum"] == pytest.approx(output[row, column].item(), abs=1e-6)
        products = [tap["product"] for line in found["taps"] for tap in line]
        assert sum(products) == pytest.approx(found["sum"], abs=1e-9)
        assert len(products) == len(settings["kernel"]) ** 2
    assert 20 < refused < 150


def test_the_formula_stands_there_with_the_numbers_of_each_axis(show):
    shown = show(Convolution(stride=2, padding=1))
    assert shown.numbers()["formula"] == ["Here: ⌊(24 + 2·1 − 1·(3 − 1) − 1) / 2⌋ + 1 = 12"]
    found = shown.set(picture="painting", painting=[[0] * 7 for _ in range(9)], dilation=2)
    assert found["formula"] == [
        "Height: ⌊(9 + 2·1 − 2·(3 − 1) − 1) / 2⌋ + 1 = 4",
        "Width: ⌊(7 + 2·1 − 2·(3 − 1) − 1) / 2⌋ + 1 = 3",
    ]


def test_the_products_shown_are_pixels_times_weights_in_the_order_of_the_window(show):
    painting = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 0, 1, 2]]
    kernel = [[1, 0, 2], [0, -1, 0], [0, 0, 3]]
    shown = show(Convolution(picture="painting", painting=painting, kernel=kernel, position=[0, 1]))
    cells = shown.page.locator(".conv-cells b").all_inner_texts()
    assert cells == ["2", "0", "8", "0", "−7", "0", "0", "0", "6"]
    assert shown.numbers()["sum"] == 2 * 1 + 4 * 2 - 7 + 2 * 3
    shown.set(flip=True)
    cells = shown.page.locator(".conv-cells b").all_inner_texts()
    assert cells == ["6", "0", "0", "0", "−7", "0", "0", "0", "2"]


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("k", [3, 5])
def test_a_preset_button_sets_the_kernel_of_that_name_and_size(show, name, k):
    shown = show(Convolution(kernel=[[7] * k] * k))
    shown.page.get_by_role("button", name=name).click()
    shown.numbers()
    assert shown.settings()["kernel"] == KERNELS[name][k == 5]
    pressed = shown.page.locator("[aria-pressed=true]").all_inner_texts()
    assert pressed == [name]


def test_presets_do_what_their_names_say():
    identity, blur, sharpen, sobel = (
        [torch.tensor(kernel, dtype=torch.float64) for kernel in KERNELS[name]]
        for name in ("identity", "blur", "sharpen", "Sobel")
    )
    for index, k in enumerate((3, 5)):
        flat = torch.ones(k, k, dtype=torch.float64)
        ramp = torch.arange(k, dtype=torch.float64).expand(k, k)
        assert (identity[index] * ramp).sum() == ramp[k // 2, k // 2]
        torch.testing.assert_close(blur[index], flat / k**2)
        assert sharpen[index].sum() == 1
        assert (sharpen[index] * ramp).sum() == ramp[k // 2, k // 2]
        assert sobel[index].sum() == 0
        assert (sobel[index] * ramp).sum() > 0
        assert (sobel[index] * ramp.T).sum() == 0


def test_a_kernel_keeps_its_name_or_its_centre_when_its_size_changes(show):
    shown = show(Convolution(kernel="sharpen"))
    size = shown.page.get_by_label("size")
    size.select_option("5")
    shown.numbers()
    assert shown.settings()["kernel"] == KERNELS["sharpen"][1]
    shown.set(kernel=[[0, 0, 0, 0, 0], [0, 1, 2, 3, 0], [0, 4, 5, 6, 0], [0, 7, 8, 9, 0], [1] * 5])
    size.select_option("3")
    shown.numbers()
    assert shown.settings()["kernel"] == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


def test_random_gives_another_kernel_each_time(show):
    shown = show(Convolution())
    seen = []
    for _ in range(3):
        shown.page.get_by_role("button", name="random").click()
        shown.numbers()
        seen.append(str(shown.settings()["kernel"]))
    assert len(set(seen)) == 3


def test_editing_one_weight_leaves_the_others_exact(show):
    shown = show(Convolution(kernel="blur"))
    shown.page.get_by_label("Weight, row 0, column 2").fill("-0.5")
    shown.numbers()
    assert shown.settings()["kernel"] == [[1 / 9, 1 / 9, -0.5], [1 / 9] * 3, [1 / 9] * 3]
    shown.page.get_by_label("Weight, row 0, column 2").fill("")
    assert shown.numbers() == {"problem": "Every weight must be a number."}


def test_pointing_at_the_input_or_the_output_moves_the_window(show):
    shown = show(Convolution(padding=1))
    for label, cell in (("Input", [12 + 1, 20 + 1]), ("Output", [3, 17])):
        box = shown.page.locator(f"canvas[aria-label^={label}]").bounding_box()
        cells = 26 if label == "Input" else 24
        shown.page.mouse.move(
            box["x"] + (cell[1] + 0.5) * box["width"] / cells,
            box["y"] + (cell[0] + 0.5) * box["height"] / cells,
        )
        wanted = [12, 20] if label == "Input" else cell
        assert shown.numbers()["position"] == wanted


def test_arrow_keys_move_the_window_and_stop_at_the_border(show):
    shown = show(Convolution(position=[0, 20]))
    shown.page.locator("canvas[aria-label^=Output]").focus()
    for key, position in [
        ("ArrowRight", [0, 21]),
        ("ArrowRight", [0, 21]),
        ("ArrowUp", [0, 21]),
        ("ArrowDown", [1, 21]),
        ("ArrowLeft", [1, 20]),
    ]:
        shown.page.keyboard.press(key)
        assert shown.numbers()["position"] == position
    last = "root.querySelector('.explorer-live').textContent.startsWith('Output row 1, column 20')"
    shown.page.wait_for_function(last)


def test_one_paints_with_the_pointer_and_with_the_keyboard(show):
    shown = show(Convolution(picture="painting", painting=[[0] * 6 for _ in range(6)], brush=4))
    canvas = shown.page.locator("canvas[aria-label^=Input]")
    box = canvas.bounding_box()
    step = box["width"] / 6
    shown.page.mouse.move(box["x"] + 1.5 * step, box["y"] + 2.5 * step)
    shown.page.mouse.down()
    shown.page.mouse.move(box["x"] + 2.5 * step, box["y"] + 2.5 * step)
    shown.page.mouse.up()
    shown.numbers()
    assert shown.settings()["painting"][2] == [0, 4, 4, 0, 0, 0]
    canvas.focus()
    for key in ("ArrowDown", "ArrowRight", "7", "ArrowRight", "Space"):
        shown.page.keyboard.press(key)
    shown.numbers()
    assert shown.settings()["painting"][1] == [0, 7, 4, 0, 0, 0]
    shown.page.get_by_role("button", name="clear").click()
    shown.numbers()
    assert shown.settings()["painting"] == [[0] * 6] * 6


def test_a_setting_that_does_not_fit_keeps_the_last_picture(show):
    shown = show(Convolution(picture="painting"))
    canvas = "root.querySelector('canvas').toDataURL()"
    before, height = shown.page.evaluate(canvas), shown.page.evaluate("root.offsetHeight")
    assert shown.set(dilation=4) == {
        "problem": "A kernel of size 3 with dilation 4 spans 9 positions and does not fit into "
        "8 + 2·0 = 8: pad more or dilate less."
    }
    assert shown.page.evaluate(canvas) == before
    assert shown.page.evaluate("root.offsetHeight") == height
    assert "problem" not in shown.set(padding=1)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"kernel": "edge"}, "kernel must be one of identity, blur, sharpen, Sobel or its numbers"),
        ({"kernel": [[1, 2], [3, 4]]}, "kernel must be 3x3 or 5x5 finite numbers, got "),
        ({"kernel": [[1], [2, 3]]}, "kernel must be 3x3 or 5x5 finite numbers, got "),
        ({"kernel": [[float("nan")] * 3] * 3}, "kernel must be 3x3 or 5x5 finite numbers, got "),
        ({"painting": [[1, 2], [3]]}, "equally long rows"),
        ({"painting": [[1, 10]]}, "painting must hold integers from 0 to 9, got 10"),
        ({"position": [1]}, "position must be the (row, column) of an output cell, got [1]"),
        ({"picture": "video"}, "picture must be one of photograph, painting, got 'video'"),
    ],
)
def test_python_refuses_bad_settings_with_a_sentence(settings, sentence):
    with pytest.raises(traitlets.TraitError, match=re.escape(sentence)):
        Convolution(**settings)


def test_a_tensor_is_a_kernel_too():
    assert Convolution(kernel=torch.eye(3)).kernel == torch.eye(3).tolist()


def test_the_stored_photograph_is_small_and_uses_the_grey_range():
    levels = pixels_of(photograph())
    assert len(photograph()) < 1000
    assert levels.min() < 30
    assert levels.max() > 220
