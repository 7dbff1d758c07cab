"""The receptive field explorer computes in the page what the library computes in Python."""

import base64
import io
import random
import re

import pytest
import torch
import torchvision.models as zoo
import traitlets
from PIL import Image
from torch import nn
from torchvision.transforms.functional import pil_to_tensor

from cnncourse.analysis.receptive_field import receptive_field, receptive_field_trace
from cnncourse.shapes import conv_output_size
from cnncourse.widgets.receptive_field import (
    MOST_LAYERS,
    SIDE,
    STACKS,
    ReceptiveField,
    photograph,
)

IMAGE = (1, 1, SIDE, SIDE)


def decoded():
    """The stored photograph: (3, 224, 224) float64 from 0 to 255."""
    return pil_to_tensor(Image.open(io.BytesIO(base64.b64decode(photograph())))).double()


def random_row(generator, wild):
    """Kernel, stride, padding and dilation; wild ones use the whole range."""
    if wild:
        limits = [(1, 15), (1, 8), (0, 15), (1, 16)]
        return [generator.randint(*pair) for pair in limits]
    kernel = generator.choice([1, 2, 3, 3, 3, 4, 5, 7])
    return [
        kernel,
        generator.choice([1, 1, 1, 2, 3]),
        generator.randint(0, kernel),
        generator.choice([1, 1, 1, 2, 3, 5]),
    ]


def random_stack(generator, most=12):
    wild = generator.random() < 0.25
    return [random_row(generator, wild) for _ in range(generator.randint(1, most))]


def convolutions(rows, first=0, last=None, padded=True, **options):
    """Layers ``first`` to ``last`` of a stack, with averages for weights."""
    layers = []
    for kernel, stride, padding, dilation in rows[first:last]:
        padding = padding if padded else 0
        layer = nn.Conv2d(1, 1, kernel, stride, padding, dilation, bias=False, **options)
        nn.init.constant_(layer.weight, 1 / kernel**2)
        layers.append(layer)
    return nn.Sequential(*layers)


def sizes_of(rows):
    """Units along an axis of every map, up to the first layer that does not fit."""
    sizes = [SIDE]
    for kernel, stride, padding, dilation in rows:
        try:
            sizes.append(conv_output_size(sizes[-1], kernel, stride, padding, dilation))
        except ValueError:
            break
    return sizes


def test_three_hundred_random_stacks_have_the_fields_that_the_library_measures(show):
    shown = show(ReceptiveField())
    generator = random.Random(0)
    drawn = 0
    for _ in range(320):
        rows = random_stack(generator)
        layer = generator.randint(1, MOST_LAYERS)
        place = [generator.randint(-20, 240), generator.randint(-20, 240)]
        found, sizes = shown.set(layers=rows, layer=layer, place=place), sizes_of(rows)
        if len(sizes) <= len(rows):
            assert list(found) == ["problem"]
            expected = rf"Layer {len(sizes)}: a kernel of size \d+ with dilation \d+ spans \d+ "
            assert re.match(expected, shown.sentence())
            continue
        drawn += 1
        assert [field["units"] for field in found["fields"]] == sizes
        assert found["layer"] == min(layer, len(rows))
        model = convolutions(rows, device="meta")
        trace = {row.path: row.field for row in receptive_field_trace(model, IMAGE).rows}
        for index, field in enumerate(found["fields"][1:]):
            measured = trace[str(index)]
            assert [(field["size"], field["stride"], field["padding"])] * 2 == list(
                zip(measured.size, measured.stride, measured.padding, strict=True)
            )
        assert receptive_field(model, IMAGE) == trace[str(len(rows) - 1)]
        row, column = found["unit"]
        chosen = trace[str(found["layer"] - 1)]
        assert found["intervals"] == [list(ends) for ends in chosen.interval(row, column)]
        assert 0 <= min(row, column) <= max(row, column) < sizes[found["layer"]]
    assert 200 <= drawn <= 300


def test_a_field_of_thousands_of_pixels_is_drawn_and_a_larger_one_is_refused(show):
    shown = show(ReceptiveField(layers=[[3, 2, 1, 1]] * 10))
    assert shown.numbers()["field"]["size"] == 2**11 - 1
    assert shown.set(layers=[[3, 2, 1, 1]] * 11) == {
        "problem": "Units of layer 11 see 4,095 pixels and stand 2,048 apart; the page draws up to "
        "3,000: take a smaller stride, kernel or dilation."
    }


def gradient_of(model, height, width, unit):
    """The derivative of one unit with respect to every position of the model's input."""
    x = torch.zeros(1, 1, height, width, dtype=torch.float64, requires_grad=True)
    y = model(x)[0, 0]
    return torch.autograd.grad(y[unit], x)[0][0, 0]


def test_positions_and_effective_field_are_the_gradient_of_averages_in_every_layer(show):
    shown = show(ReceptiveField())
    generator = random.Random(1)
    compared = with_holes = 0
    while compared < 60:
        rows = random_stack(generator, most=5)
        found = shown.set(layers=rows, layer=MOST_LAYERS)
        if "problem" in found or found["field"]["size"] > 70:
            continue
        compared += 1
        with_holes += 0 in found["levels"][0]["mass"]
        for level, reached in enumerate(found["levels"][:-1]):
            mass = torch.tensor(reached["mass"], dtype=torch.float64)
            upper = convolutions(rows, first=level, padded=False, dtype=torch.float64)
            gradient = gradient_of(upper, len(mass), len(mass), (0, 0))
            assert torch.equal(gradient > 0, mass.outer(mass) > 0)
            units = found["fields"][level]["units"]
            padded = convolutions(rows, first=level, device="meta")
            ends = receptive_field(padded, (1, 1, units, units)).interval(*found["unit"])
            assert ends[1] == (reached["first"], reached["first"] + len(mass) - 1)
            torch.testing.assert_close(
                mass.outer(mass), gradient / gradient.sum(), rtol=0, atol=1e-9
            )
    assert with_holes > 10


def test_positions_are_those_of_the_padded_network_where_no_path_meets_the_padding(show):
    shown = show(ReceptiveField())
    generator = random.Random(2)
    compared = 0
    while compared < 40:
        rows = random_stack(generator, most=4)
        found = shown.set(layers=rows, layer=MOST_LAYERS, place=[100, 130])
        if "problem" in found:
            continue
        inside = all(
            level["first"] >= 0 and level["first"] + len(level["mass"]) <= field["units"]
            for level, field in zip(found["levels"], found["fields"], strict=True)
        )
        if not inside or found["intervals"][0][0] < 0 or found["intervals"][0][1] >= SIDE:
            continue
        compared += 1
        row, column = found["unit"]
        model = convolutions(rows, dtype=torch.float64)
        gradient = gradient_of(model, SIDE, SIDE, (row, column))
        for axis, profile in enumerate((gradient.sum(1), gradient.sum(0))):
            first = found["intervals"][axis][0]
            mass = found["levels"][0]["mass"]
            expected = [first + t for t, part in enumerate(mass) if part > 0]
            assert profile.nonzero().flatten().tolist() == expected
            torch.testing.assert_close(
                (profile / profile.sum())[first : first + len(mass)],
                torch.tensor(mass, dtype=torch.float64),
                rtol=0,
                atol=1e-9,
            )


@pytest.mark.parametrize(
    ("name", "build", "trunk", "size", "stride", "padding"),
    [
        ("AlexNet", zoo.alexnet, "features", 195, 32, 66),
        ("VGG-16", zoo.vgg16, "features", 212, 32, 90),
        ("ResNet-18", zoo.resnet18, "layer4", 435, 32, 217),
    ],
)
def test_a_stack_of_the_zoo_sees_what_its_network_sees(
    show, name, build, trunk, size, stride, padding
):
    shown = show(ReceptiveField())
    shown.page.get_by_role("button", name=name).click()
    found = shown.numbers()
    with torch.device("meta"):
        model = build().eval()
    field = receptive_field(model, (1, 3, SIDE, SIDE), trunk)
    assert (field.size[0], field.stride[0], field.padding[0]) == (size, stride, padding)
    last = found["fields"][-1]
    assert (last["size"], last["stride"], last["padding"]) == (size, stride, padding)
    assert found["layer"] == len(STACKS[name])
    assert f"{size} × {size} pixels" in shown.page.locator(".rf-facts").inner_text()


def test_the_rows_of_chains_of_the_zoo_are_their_layers():
    with torch.device("meta"):
        for name, build in (("AlexNet", zoo.alexnet), ("VGG-16", zoo.vgg16)):
            windows = [m for m in build().features if isinstance(m, nn.Conv2d | nn.MaxPool2d)]
            rows = [
                [
                    value[0] if isinstance(value, tuple) else value
                    for value in (m.kernel_size, m.stride, m.padding, m.dilation)
                ]
                for m in windows
            ]
            assert rows == STACKS[name]


@pytest.mark.parametrize(
    ("name", "size", "seen"),
    [("dilated 1, 2, 4", 15, 15), ("dilated 2, 2, 2", 13, 7), ("three layers", 9, 9)],
)
def test_dilation_leaves_the_holes_of_the_chapter(show, name, size, seen):
    shown = show(ReceptiveField(layers=name))
    found = shown.numbers()
    mass = found["levels"][0]["mass"]
    assert (len(mass), sum(part > 0 for part in mass)) == (size, seen)
    facts = shown.page.locator(".rf-facts").inner_text()
    assert (f"misses {size**2 - seen**2} of these" in facts) == (seen < size)


def test_the_shares_are_those_of_the_chapter_for_twenty_averages(show):
    shown = show(ReceptiveField(layers="twenty 3×3"))
    found = shown.numbers()
    density = torch.tensor([1.0], dtype=torch.float64)
    box = torch.full((1, 1, 3), 1 / 3, dtype=torch.float64)
    for _ in range(20):
        density = nn.functional.conv1d(density[None, None], box, padding=2).flatten()
    assert found["side"] == 17  # 17.2 % of the area, as the chapter's table has it
    assert density[12:29].sum() ** 2 >= 0.95 > density[13:28].sum() ** 2
    assert found["middle"] == pytest.approx(density[10:31].sum().item() ** 2, abs=1e-12)
    facts = shown.page.locator(".rf-facts").inner_text()
    assert "95 % of all paths end in the dashed 17 × 17, 17 % of the area" in facts


def test_the_recursion_stands_in_the_table_with_the_numbers_filled_in(show):
    shown = show(ReceptiveField(layers="AlexNet", layer=3))
    assert shown.numbers()["formulas"] == [
        "size R = 19 + 1·(5 − 1)·8 = 51",
        "stride S = 8·1 = 8",
        "padding P = 2 + 2·8 = 18",
    ]
    row = shown.page.locator(".rf-table [role=row]").nth(3)
    assert row.locator(".rf-out").all_inner_texts() == [
        "19 + 1·(5 − 1)·8 = 51",
        "8·1 = 8",
        "2 + 2·8 = 18",
    ]


@pytest.mark.parametrize("layers", [*STACKS, [[1, 8, 0, 1]] * 2, [[2, 6, 3, 1]] * 3])
def test_the_picture_has_room_for_the_field_of_a_unit_in_its_middle(show, layers):
    found = show(ReceptiveField(layers=layers)).numbers()
    low, side = found["view"]["low"], found["view"]["side"]
    for first, last in found["intervals"]:
        assert low <= first
        assert last < low + side


def wait_for_the_photograph(shown):
    shown.page.wait_for_function("root.explorer.numbers().photo")


def point_at(shown, label, across, down):
    """Move the pointer to a part of a canvas's width and height."""
    box = shown.page.locator(f"canvas[aria-label^={label}]").bounding_box()
    x, y = box["x"] + across * box["width"], box["y"] + down * box["height"]
    shown.page.mouse.move(x, y)
    return shown.numbers()


def test_pointing_at_the_picture_chooses_the_unit_centred_nearest(show):
    shown = show(ReceptiveField())
    view, field = (shown.numbers()[key] for key in ("view", "field"))
    for across, down in ((0.5, 0.3), (0.31, 0.62), (0.7, 0.45)):
        found = point_at(shown, "Picture", across, down)
        for unit, part in zip(found["unit"], (down, across), strict=True):
            pixel = view["low"] + int(part * view["side"])
            centres = [i * 32 - 66 + 97 for i in range(field["units"])]
            nearest = min(centres, key=lambda centre: abs(centre - pixel))
            assert abs(centres[unit] - pixel) <= abs(nearest - pixel) + 1


def test_pointing_at_the_layers_chooses_layer_and_unit(show):
    shown = show(ReceptiveField(layers="three layers"))
    assert point_at(shown, "Layers", 0.5, 0.4)["layer"] == 2
    left = point_at(shown, "Layers", 0.3, 0.6)
    assert left["layer"] == 1
    assert point_at(shown, "Layers", 0.4, 0.6)["unit"][1] > left["unit"][1]
    assert point_at(shown, "Layers", 0.4, 0.1)["layer"] == 3
    assert shown.settings()["layer"] == MOST_LAYERS  # the last, also when layers are added


def test_arrow_keys_move_from_unit_to_unit_and_from_layer_to_layer(show):
    shown = show(ReceptiveField(layers="VGG-16", place=[16, 112]))
    row, column = shown.numbers()["unit"]
    for label, key, layer, unit in [
        ("Picture", "ArrowRight", 18, [row, column + 1]),
        ("Picture", "ArrowDown", 18, [row + 1, column + 1]),
        ("Picture", "ArrowUp", 18, [row, column + 1]),
        ("Layers", "ArrowLeft", 18, [row, column]),
        ("Layers", "ArrowUp", 18, [row, column]),
    ]:
        shown.page.locator(f"canvas[aria-label^={label}]").focus()
        shown.page.keyboard.press(key)
        found = shown.numbers()
        assert (found["layer"], found["unit"]) == (layer, unit)
    shown.page.keyboard.press("ArrowDown")
    assert shown.numbers()["layer"] == 17
    shown.page.wait_for_function("root.querySelector('.explorer-live').textContent")
    said = shown.page.locator(".explorer-live").inner_text()
    assert re.match(r"Layer 17, unit row \d+, column \d+: sees rows ", said)


@pytest.mark.parametrize("name", STACKS)
def test_every_unit_in_view_is_reached_by_steps(show, name):
    shown = show(ReceptiveField(layers=name, place=[-999, -999]))
    low, high = shown.numbers()["range"]
    assert shown.numbers()["unit"] == [low, low]
    shown.page.locator("canvas[aria-label^=Picture]").focus()
    for unit in [*range(low + 1, high + 1), high]:
        shown.page.keyboard.press("ArrowRight")
        assert shown.numbers()["unit"] == [low, unit]


def test_layers_are_added_edited_chosen_and_removed_with_the_keyboard_alone(show):
    shown = show(ReceptiveField(layers=[[3, 1, 1, 1]]))
    page = shown.page
    assert page.get_by_label("Remove layer 1", exact=True).is_disabled()
    page.get_by_role("button", name="+ layer").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    assert shown.numbers()["layer"] == 3
    page.get_by_label("kernel of layer 2", exact=True).focus()
    for value in ("5", "2", "0", "3"):
        page.keyboard.press("Control+a")
        page.keyboard.type(value)
        page.keyboard.press("Tab")
    shown.numbers()
    assert shown.settings()["layers"] == [[3, 1, 1, 1], [5, 2, 0, 3], [3, 1, 1, 1]]
    page.get_by_label("Choose layer 2", exact=True).focus()
    page.keyboard.press("Enter")
    assert shown.numbers()["layer"] == 2
    assert page.locator(".rf-table [aria-pressed=true]").all_inner_texts() == ["2"]
    page.get_by_label("Remove layer 3", exact=True).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")  # the focus has moved to the layer that is the last now
    shown.numbers()
    assert shown.settings()["layers"] == [[3, 1, 1, 1]]
    for _ in range(MOST_LAYERS - 1):
        page.get_by_role("button", name="+ layer").click()
    shown.numbers()
    assert len(shown.settings()["layers"]) == MOST_LAYERS
    assert page.get_by_role("button", name="+ layer").is_disabled()


def test_the_table_scrolls_to_the_row_of_the_chosen_layer(show):
    shown = show(ReceptiveField(layers="VGG-16"))
    head = shown.page.locator(".rf-head")
    for layer in (18, 1, 12):
        shown.set(layer=layer)
        row = shown.page.get_by_label(f"Choose layer {layer}", exact=True).bounding_box()
        table = shown.page.locator(".rf-table").bounding_box()
        assert row["y"] >= table["y"] + head.bounding_box()["height"]
        assert row["y"] + row["height"] <= table["y"] + table["height"]


def test_tab_reaches_every_control(show):
    shown = show(ReceptiveField(layers="three layers"))
    wanted = shown.page.evaluate(
        "[...root.querySelectorAll('button, input, canvas')]"
        ".filter((one) => one.offsetParent && !one.disabled && one.tabIndex >= 0).length"
    )
    reached = set()
    for _ in range(wanted):
        shown.page.keyboard.press("Tab")
        reached.add(
            shown.page.evaluate("[...root.querySelectorAll('*')].indexOf(document.activeElement)")
        )
    assert -1 not in reached
    assert len(reached) == wanted


def test_a_bad_value_typed_is_named_and_the_last_picture_stays(show):
    shown = show(ReceptiveField())
    wait_for_the_photograph(shown)
    canvas = "root.querySelector('canvas').toDataURL()"
    before, height = shown.page.evaluate(canvas), shown.page.evaluate("root.offsetHeight")
    stride = shown.page.get_by_label("stride of layer 2", exact=True)
    for typed, got in (("0", "0"), ("9", "9"), ("", "nothing"), ("1.5", "1.5")):
        stride.fill(typed)
        sentence = f"stride of layer 2 must be an integer from 1 to 8, got {got}."
        assert shown.numbers() == {"problem": sentence}
        assert shown.sentence() == sentence
    assert shown.settings()["layers"] == STACKS["AlexNet"]
    assert shown.page.evaluate(canvas) == before
    assert shown.page.evaluate("root.offsetHeight") == height
    stride.fill("2")
    assert shown.numbers()["field"]["size"] == 195


@pytest.mark.parametrize("width", [358, 680])
def test_nothing_moves_when_the_stack_changes(show, width):
    shown = show(ReceptiveField(), width=width + 16)
    heights = {shown.page.evaluate("root.offsetHeight")}
    for name in STACKS:
        for layer in (1, 2, MOST_LAYERS):
            shown.set(layers=STACKS[name], layer=layer, place=[3, 220], effective=layer > 1)
            heights.add(shown.page.evaluate("root.offsetHeight"))
    assert len(heights) == 1
    assert shown.page.evaluate("document.documentElement.scrollWidth") == width + 16


def test_only_what_a_unit_sees_is_left_bare_on_the_picture(show):
    shown = show(ReceptiveField(layers="dilated 2, 2, 2", effective=False))
    wait_for_the_photograph(shown)
    photo = "root.querySelector('canvas').getContext('2d')"
    found = shown.numbers()
    (view, (first, last)) = found["view"], found["intervals"][0]
    pixels = decoded()
    canvas = shown.page.evaluate("root.querySelector('canvas').width")
    for row, column in (
        (row, column) for row in (first, first + 1) for column in range(first, last)
    ):
        x, y = (int((pixel - view["low"] + 0.5) * canvas / view["side"]) for pixel in (column, row))
        colour = shown.page.evaluate(f"[...{photo}.getImageData({x}, {y}, 1, 1).data]")[:3]
        bare = pixels[:, row, column]
        veiled = 0.28 * bare + 0.72 * 255
        expected = bare if row == first and (column - first) % 2 == 0 else veiled
        torch.testing.assert_close(
            torch.tensor(colour, dtype=torch.float64), expected, rtol=0, atol=14
        )


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"layers": "LeNet"}, "layers must be one of three layers; twenty 3×3; "),
        ({"layers": []}, "layers must be 1 to 20 rows ('kernel', 'stride', 'padding', 'dilation')"),
        ({"layers": [[3, 1, 1, 1]] * 21}, "layers must be 1 to 20 rows "),
        ({"layers": [[3, 1, 1]]}, "layer 1 must be ('kernel', 'stride', 'padding', 'dilation')"),
        ({"layers": [[3, 1, 1, 1], [3, 0, 1, 1]]}, "stride of layer 2 must be an integer from 1 "),
        (
            {"layers": [[3.0, 1, 1, 1]]},
            "kernel of layer 1 must be an integer from 1 to 15, got 3.0",
        ),
        ({"layers": [[True, 1, 1, 1]]}, "kernel of layer 1 must be an integer from 1 to 15, got T"),
        ({"place": [1]}, "place must be the (row, column) of a pixel, two integers, got [1]"),
        ({"place": [1, 2.5]}, "place must be the (row, column) of a pixel, two integers, got [1, "),
    ],
)
def test_python_refuses_bad_settings_with_a_sentence(settings, sentence):
    with pytest.raises(traitlets.TraitError, match=re.escape(sentence)):
        ReceptiveField(**settings)


def test_a_stack_may_be_named_or_given_as_tuples():
    assert ReceptiveField(layers="VGG-16").layers == STACKS["VGG-16"]
    assert ReceptiveField(layers=((3, 1, 1, 1),)).layers == [[3, 1, 1, 1]]


def test_the_stored_photograph_is_small_and_has_the_size_that_the_page_assumes():
    assert len(photograph()) < 16_000
    assert decoded().shape == (3, SIDE, SIDE)
