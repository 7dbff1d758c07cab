"""Train a network of this course, in one process or, under ``torchrun``, in several.

python -m cnncourse.train --model lenet.lenet5_modern --data digits --out runs/digits
python -m cnncourse.train --out runs/digits --resume
torchrun --nproc-per-node 2 -m cnncourse.train --model ... --data ... --out ...
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

from cnncourse.training import processes
from cnncourse.training.arguments import Arguments
from cnncourse.training.parts import BUNDLED, FOLDER_SIZE
from cnncourse.training.recipe import AUGMENTATIONS, SCHEDULES
from cnncourse.training.refusal import Refusal, UnreadableImage
from cnncourse.training.run import run

USAGE = """python -m cnncourse.train --model MODEL --data DATA --out DIR [options]
       python -m cnncourse.train --out DIR --resume"""

PATIENCE = 5  # seconds

FILES = """\
files in DIR, each replaced in one step after every epoch:
  last.pt       weights, optimizer, generators, arguments: what --resume continues from
  best.pt       the weights with the highest accuracy on the validation part, a tenth of the
                training images; the test images are looked at once, at the end, with these
  history.json  loss, accuracies and images per second of each epoch

Adam takes the steps, on pixel values from 0 to 1. In several processes batch norm normalises with
the share of the batch that a process sees. Exit code 2: a sentence says what was wrong, and the
files are whole.
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line; what is not given does not appear in its result."""
    default = {option.name: option.default for option in fields(Arguments)}
    parser = argparse.ArgumentParser(
        prog="cnncourse.train",
        usage=USAGE,
        description="Train a network of the course on images.",
        epilog=FILES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
    )
    add = parser.add_argument
    add("--model", metavar="NAME", help="family.builder, such as resnet.resnet18")
    add(
        "--data",
        metavar="DATA",
        help=f"{', '.join(BUNDLED)}, or folder:PATH with one folder of images a class",
    )
    add("--out", metavar="DIR", type=Path, required=True, help="where the files go")
    add("--resume", action="store_true", help="go on with the training in DIR, as it was begun")
    add("--epochs", metavar="N", type=at_least(1), help=f"default {default['epochs']}")
    add(
        "--size",
        metavar="PIXELS",
        type=at_least(1),
        help=f"height and width to resize to; default their own, for a folder {FOLDER_SIZE}",
    )
    add(
        "--batch-size",
        metavar="N",
        type=at_least(1),
        help=f"images a step, of all processes together; default {default['batch_size']}",
    )
    add("--lr", metavar="RATE", type=float, help=f"learning rate; default {default['lr']}")
    add(
        "--schedule",
        choices=[*SCHEDULES],
        help="of the rate: warmup is a twentieth of the steps, then cosine; default constant",
    )
    add(
        "--augment",
        metavar="NAMES",
        help=f"some of {','.join(AUGMENTATIONS)}, with commas between them; default none",
    )
    add("--seed", metavar="N", type=at_least(0), help=f"default {default['seed']}")
    add(
        "--device",
        choices=["auto", "cpu", "cuda", "mps"],
        help="default auto: a GPU when there is one",
    )
    add("--amp", action="store_true", help="compute in bfloat16 where that is safe")
    add(
        "--workers",
        metavar="N",
        type=at_least(0),
        help="processes that read images, for each that trains; default 0, none but itself",
    )
    return parser


def at_least(least: int) -> Callable[[str], int]:
    """Return what reads an integer of at least ``least``."""

    def whole_number(text: str) -> int:
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}, got {number}")
        return number

    return whole_number


def main(arguments: list[str] | None = None) -> int:
    """Train; return 0, or 2 after a sentence on what was wrong."""
    reader = parser()
    given = vars(reader.parse_args(arguments))
    out, resume = given.pop("out"), given.pop("resume", False)
    if not resume and not {"model", "data"} <= set(given):
        reader.error("--model and --data are needed, unless --resume goes on with a training")
    try:
        run(given, out, resume)
    except (Refusal, FloatingPointError) as error:
        # All processes notice the same, except a file that one of them wanted to read.
        if processes.rank() == 0 or isinstance(error, UnreadableImage):
            print(f"cnncourse.train: {error}", file=sys.stderr)
        else:
            time.sleep(PATIENCE)  # torchrun ends all processes with the first: let 0 speak
        return 2
    except RuntimeError as error:
        if "by peer" not in str(error):  # else another process left, and said why
            raise
        return 2
    finally:
        processes.leave()
    return 0


if __name__ == "__main__":
    sys.exit(main())
