"""The equivariance playground computes in the page what PyTorch and the library compute."""

import random
import re

import pytest
import torch
import traitlets

from cnncourse import data, layers
from cnncourse.analysis.equivariance import equivariance_error, equivariance_map, translate
from cnncourse.training import evaluate
from cnncourse.widgets import equivariance
from cnncourse.widgets.equivariance import (
    DIGIT,
    EDGES,
    FILE,
    PADDINGS,
    POOLINGS,
    SIDE,
    STRIDES,
    Equivariance,
    edge_layer,
    network,
    picture,
)

LIMITS = {"digit": (0, 9), "down": (-12, 11), "right": (-12, 11), "stride": (1, 3)}
ALL = [(p, s, q) for p in PADDINGS for s in STRIDES for q in POOLINGS]


def random_settings(generator):
    """Settings over their whole range; one in a few is out of its limits."""
    settings = {
        "digit": generator.randint(0, 9),
        "down": generator.randint(-12, 11),
        "right": generator.randint(-12, 11),
        "padding": generator.choice(PADDINGS),
        "stride": generator.choice(STRIDES),
        "pooling": generator.choice(POOLINGS),
        "edge": generator.choice(EDGES),
    }
    if generator.random() < 0.15:
        name = generator.choice(list(LIMITS))
        settings[name] = generator.choice([LIMITS[name][0] - 1, LIMITS[name][1] + 1, 0.5, None])
    return settings


def channel(settings):
    """The layer whose feature map is on show, one channel in float64."""
    layer = edge_layer(settings["padding"], settings["stride"], settings["pooling"]).double()
    index = EDGES.index(settings["edge"])
    return lambda x: layer(x)[:, index, None]


def sentence(settings):
    """What the page says about settings out of their limits, or an empty string."""
    for name, (low, high) in LIMITS.items():
        value = settings[name]
        if not isinstance(value, int) or not low <= value <= high:
            got = "nothing" if value is None else value
            return f"{name} must be an integer from {low} to {high}, got {got}."
    return ""


def close(found, expected, atol=1e-6):
    found = torch.tensor(found, dtype=torch.float64)
    torch.testing.assert_close(found, expected, rtol=0, atol=atol)


def test_two_hundred_and_fifty_random_settings_compute_what_the_library_computes(show):
    shown = show(Equivariance())
    generator = random.Random(0)
    refused = 0
    for number in range(250):
        settings = random_settings(generator)
        found = shown.set(**settings)
        if wrong := sentence(settings):
            refused += 1
            assert found == {"problem": wrong}
            assert shown.sentence() == wrong
            continue
        assert shown.sentence() == ""
        x, shift = picture(settings["digit"]), (settings["down"], settings["right"])
        layer, moved = channel(settings), translate(x, shift)
        assert found["total"] == SIDE // layer(x).shape[-1]
        close(found["feature"], layer(moved)[0, 0])
        rows = SIDE if number % 5 == 0 else 6  # of all shifts, or of a period at least
        close(found["errors"][:rows], equivariance_map(layer, x, sizes=(rows, SIDE)))
        assert found["error"] == found["errors"][shift[0]][shift[1]]
        options = [settings[name] for name in ("padding", "stride", "pooling")]
        model = network(*options).double()
        with torch.no_grad():
            scores = model(torch.cat([moved, x]))
        close([found["probabilities"], found["centre"]], scores.softmax(1))
        assert found["reads"] == scores[0].argmax()
    assert 10 < refused < 80


@pytest.mark.parametrize(("padding", "stride", "pooling"), ALL)
def test_the_difference_on_show_is_the_librarys_at_a_multiple_of_the_stride(
    show, padding, stride, pooling
):
    settings = {"padding": padding, "stride": stride, "pooling": pooling, "edge": "top"}
    found = show(Equivariance(digit=5, down=-12, right=0, **settings)).numbers()
    result = equivariance_error(channel(settings), picture(5), (-12, 0))
    s = found["total"]
    close(
        found["difference"], result.difference[0, 0].repeat_interleave(s, 0).repeat_interleave(s, 1)
    )
    assert found["error"] == pytest.approx(result.total, abs=1e-6)
    assert (found["error"] < 1e-9) == (padding == "circular")


@pytest.mark.parametrize(("stride", "pooling"), [(s, q) for s in STRIDES for q in POOLINGS])
def test_on_the_circle_exactly_the_multiples_of_the_total_stride_survive(show, stride, pooling):
    shown = show(Equivariance(padding="circular", stride=stride, pooling=pooling))
    found = shown.numbers()
    total = found["total"]
    assert total == stride * (1 if pooling == "none" else 2)
    for digit in range(10):
        errors = torch.tensor(shown.set(digit=digit)["errors"])
        survives = torch.zeros(SIDE, SIDE, dtype=torch.bool)
        survives[::total, ::total] = True
        assert (errors[survives] < 1e-9).all()
        assert (errors[~survives] > 0.05).all()
    before = shown.set(down=1, right=-2)["probabilities"]
    after = shown.set(down=1 + total, right=-2 - total)["probabilities"]
    assert before == pytest.approx(after, abs=1e-12)


def test_with_zeros_the_error_is_zero_until_the_digit_meets_the_rim(show):
    settings = {"padding": "zeros", "stride": 1, "pooling": "none", "edge": "left"}
    found = show(Equivariance(digit=0, down=0, right=0, **settings)).numbers()
    survives = torch.tensor(found["errors"]) < 1e-9
    rows, columns = picture(0)[0, 0].nonzero().T.tolist()

    def keeps_away(distance):
        """The shifts that leave all of the digit this far inside the rim."""
        allowed = torch.zeros(SIDE, SIDE, dtype=torch.bool)
        for down in range(distance - min(rows), SIDE - distance - max(rows)):
            for right in range(distance - min(columns), SIDE - distance - max(columns)):
                allowed[down, right] = True
        return allowed

    assert survives[keeps_away(1)].all()  # the theorem on the spoiled frame, with R = 1
    assert not survives[~keeps_away(-1)].any()


@pytest.mark.parametrize("padding", PADDINGS)
def test_max_blur_pooling_is_the_librarys_away_from_the_border(padding):
    x = torch.randn(2, 3, 12, 10, dtype=torch.float64).relu()
    around = torch.nn.functional.pad(x, (0, 1, 0, 1))
    expected = layers.BlurPool2d(3)(layers.MaxPool2d(2, stride=1)(around))
    found = equivariance.MaxBlurPool(3, padding).double()(x)
    torch.testing.assert_close(found[..., 1:-1, 1:-1], expected[..., 1:-1, 1:-1])


def test_every_weight_is_the_same_number_in_float32_and_float64():
    for setting in ALL:
        for weight in network(*setting).parameters():
            mantissa, _ = torch.frexp(weight.double())
            assert torch.equal(mantissa * 2**8, (mantissa * 2**8).round())


def test_the_stored_networks_are_small_and_say_where_they_come_from():
    assert FILE.stat().st_size < 16 * 1024
    assert equivariance.stored().keys() == {"version", "seed", "command", "networks"}


@pytest.mark.parametrize(("padding", "stride", "pooling"), ALL)
def test_the_stored_accuracies_are_those_of_the_stored_weights(padding, stride, pooling):
    _, test = data.digits(size=DIGIT, canvas=SIDE)
    model = network(padding, stride, pooling)
    entry = equivariance.stored()["networks"][equivariance.key(stride, pooling)]
    total = SIDE // edge_layer(padding, stride, pooling)(test.images[:1]).shape[-1]
    percent = []
    for v in torch.cartesian_prod(torch.arange(total), torch.arange(total)).reshape(-1, 2).tolist():
        moved = data.Images(translate(test.images, v), test.labels, test.classes)
        percent.append(100 * evaluate(model, moved))
    # two of 450 images may lie so close to a tie that the machine decides
    assert entry["accuracy"][padding]["centre"] == pytest.approx(percent[0], abs=0.5)
    assert entry["accuracy"][padding]["worst"] == pytest.approx(min(percent), abs=0.5)


def test_the_default_picture_shows_the_finding():
    shown = Equivariance()
    assert (shown.down, shown.right) != (0, 0)
    model, x = network(shown.padding, shown.stride, shown.pooling), picture(shown.digit).float()
    with torch.no_grad():
        assert model(x).argmax() == shown.digit
        assert model(translate(x, (shown.down, shown.right))).argmax() != shown.digit


def cell(canvas, row, column):
    """The middle of a cell of the canvas, in pixels of the page."""
    box = canvas.bounding_box()
    inside = (box["width"] - 4) / SIDE
    return box["x"] + 2 + (column + 0.5) * inside, box["y"] + 2 + (row + 0.5) * inside


def test_one_drags_the_digit_with_the_pointer(show):
    shown = show(Equivariance(down=0, right=0))
    canvas = shown.page.locator("canvas[aria-label^=Picture]")
    shown.page.mouse.move(*cell(canvas, 10, 11))
    assert shown.settings()["right"] == 0  # pointing alone moves nothing
    shown.page.mouse.down()
    shown.page.mouse.move(*cell(canvas, 13, 9))
    shown.page.mouse.up()
    shown.numbers()
    assert [shown.settings()[name] for name in ("down", "right")] == [3, -2]
    shown.page.mouse.move(*cell(canvas, 0, 0))
    assert shown.settings()["down"] == 3


def test_one_drags_the_digit_with_a_finger_and_the_page_does_not_scroll(show):
    shown = show(Equivariance(down=0, right=0), width=390)
    shown.page.set_viewport_size({"width": 390, "height": 500})  # the page could scroll
    canvas = shown.page.locator("canvas[aria-label^=Picture]")
    touch = shown.page.context.new_cdp_session(shown.page)
    for kind, places in [
        ("touchStart", [(14, 12)]),
        ("touchMove", [(12, 13)]),
        ("touchMove", [(9, 14)]),
        ("touchEnd", []),
    ]:
        points = [dict(zip("xy", cell(canvas, *place), strict=True)) for place in places]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    shown.numbers()
    assert [shown.settings()[name] for name in ("down", "right")] == [-5, 2]
    assert shown.page.evaluate("scrollY") == 0


def test_one_chooses_a_place_on_the_map_of_errors(show):
    shown = show(Equivariance())
    canvas = shown.page.locator("canvas[aria-label^=Error]")
    shown.page.mouse.click(*cell(canvas, 12 - 7, 12 + 4))
    found = shown.numbers()
    assert [shown.settings()[name] for name in ("down", "right")] == [-7, 4]
    assert found["error"] == found["errors"][SIDE - 7][4]


@pytest.mark.parametrize("label", ["Picture", "Feature", "Difference", "Error"])
def test_arrow_keys_move_the_digit_around_the_circle(show, label):
    shown = show(Equivariance(down=0, right=10))
    shown.page.locator(f"canvas[aria-label^={label}]").focus()
    for key, shift in [
        ("ArrowRight", [0, 11]),
        ("ArrowRight", [0, -12]),
        ("ArrowUp", [-1, -12]),
        ("ArrowLeft", [-1, 11]),
        ("ArrowDown", [0, 11]),
        ("Home", [0, 0]),
        ("ArrowDown", [1, 0]),
    ]:
        shown.page.keyboard.press(key)
        shown.numbers()
        assert [shown.settings()[name] for name in ("down", "right")] == shift
    last = "root.querySelector('.explorer-live').textContent.startsWith('1 down, 0 right')"
    shown.page.wait_for_function(last)
    told = shown.page.locator(".explorer-live").inner_text()
    assert re.fullmatch(r"1 down, 0 right\. Error [\d.]+\. Reads \d, \d+ %", told)


def test_arrow_keys_still_work_while_a_setting_is_refused(show):
    shown = show(Equivariance(down=0))
    shown.set(stride=4)
    shown.page.locator("canvas[aria-label^=Picture]").focus()
    shown.page.keyboard.press("ArrowDown")
    assert shown.numbers() == {"problem": "stride must be an integer from 1 to 3, got 4."}
    assert shown.settings()["down"] == 1
    assert shown.set(stride=2)["total"] == 4


def test_the_bars_and_the_sentences_tell_the_numbers(show):
    shown = show(Equivariance(stride=2, pooling="max", padding="zeros", down=4, right=-4))
    found = shown.numbers()
    texts = shown.page.locator(".equi-bars small").all_inner_texts()
    wanted = [f"{100 * p:.0f}" if p >= 0.005 else "" for p in found["probabilities"]]
    assert texts == wanted
    lines = ".equi-text span"
    assert f"= {found['error']:.3f}".rstrip("0") in shown.page.locator(lines).first.inner_text()
    middle = shown.page.locator(lines).nth(1)
    assert "S = 4 = 2 · 2. This shift is a multiple of S: the map moves" in middle.inner_text()
    shown.set(down=8)
    assert "A multiple of S, but the digit meets the zeros" in middle.inner_text()
    shown.set(down=3)
    assert "no multiple of S" in middle.inner_text()
    shown.set(stride=3, pooling="none")
    assert "Total stride S = 3. " in middle.inner_text()


def test_every_setting_can_be_changed_by_keyboard_alone(show):
    shown = show(Equivariance())
    wanted = {"digit": "7", "stride": "2", "down": "-3", "right": "5"}
    for name, value in wanted.items():
        shown.page.get_by_label(name, exact=True).focus()
        shown.page.keyboard.press("Control+A")
        shown.page.keyboard.type(value)
    for name, presses in {"padding": 1, "pooling": 2, "edges": 3}.items():
        shown.page.get_by_role("combobox", name=name).focus()
        for _ in range(presses):
            shown.page.keyboard.press("ArrowDown")
    shown.numbers()
    assert shown.settings() == {
        "digit": 7, "stride": 2, "down": -3, "right": 5,
        "padding": "zeros", "pooling": "blur", "edge": "bottom",
    }  # fmt: skip
    shown.page.get_by_role("button", name="centre").focus()
    shown.page.keyboard.press("Enter")
    assert shown.numbers()["error"] == 0


@pytest.mark.parametrize("width", [390, 700])
def test_nothing_jumps_whatever_the_settings_and_nothing_is_wider_than_the_page(show, width):
    shown = show(Equivariance(), width=width)
    heights, generator = set(), random.Random(1)
    for _ in range(60):
        shown.set(**random_settings(generator))
        heights.add(shown.page.evaluate("root.offsetHeight"))
        assert shown.page.evaluate("document.documentElement.scrollWidth") <= width
    assert len(heights) == 1


@pytest.mark.parametrize("padding", PADDINGS)
def test_a_step_is_drawn_within_a_frame(show, padding):
    shown = show(Equivariance(padding=padding, stride=1, pooling="none"))
    script = """() => {
      const times = [];
      for (let i = 0; i < 60; i++) {
        const start = performance.now();
        root.explorer.set({ right: (i % 24) - 12 });
        times.push(performance.now() - start);
      }
      return Math.min(...times);  // the turn that other programs disturbed least
    }"""
    assert shown.page.evaluate(script) < 16


def test_python_refuses_an_unknown_word_with_a_sentence():
    with pytest.raises(traitlets.TraitError, match="padding must be one of circular, zeros, got"):
        Equivariance(padding="reflect")
