"""`sepconv golden` and `sepconv tables`: what is computed, with no hardware in sight."""

import json
import sys
from argparse import Namespace

import numpy as np

from sim.statuses import FAILED, OK
from sim.work import RequestError, load_picture


def save_array(path: str, output: np.ndarray) -> None:
    """Writes a ``.npy`` file. Raises `RequestError`."""
    try:
        with open(path, "wb") as file:
            np.save(file, output)
    except OSError as error:
        raise RequestError(f"--output {path}: {error.strerror}") from None


def run_golden(args: Namespace) -> int:
    """A whole model in NumPy: on an array, or on a picture."""
    from golden.dump import dump
    from golden.image import read_picture
    from golden.labels import labels_in, read_labels, top
    from golden.open_model import open_model

    model = open_model(args.model, args.calibrate or ())
    x = load_picture(args.input) if args.input else read_picture(model, args.image, args.normalise)
    assert x is not None
    output = dump(model, x, args.dump, args.rounding) if args.dump else model.run(x, args.rounding)
    if args.output:
        save_array(args.output, output)
        print(f"{args.output}: {output.dtype}{list(output.shape)}")
    if args.dump:
        print(f"{args.dump}: every tensor, and manifest.json")
    if args.image:
        labels = read_labels(args.labels) if args.labels else labels_in(args.model)
        for guess in top(model, output, 5, labels):
            print(guess)
    return OK


def run_tables(args: Namespace) -> int:
    """The papers' tables from the networks' definitions; 1 if a row does not hold."""
    from golden.tables import COMPARED, layers_text, tables_json, tables_text, unexplained

    if args.layers:
        if args.layers not in COMPARED:
            raise RequestError(f"--layers {args.layers}: no such network; there are {', '.join(COMPARED)}")
        print(layers_text(args.layers))
        return OK
    if args.json == "-":
        print(json.dumps(tables_json(), indent=1))
    else:
        if args.json:
            try:
                with open(args.json, "w", encoding="utf-8") as file:
                    json.dump(tables_json(), file, indent=1)
            except OSError as error:
                raise RequestError(f"--json {args.json}: {error.strerror}") from None
        print(tables_text())
    for row in unexplained():
        print(f"sepconv: does not hold: {row}", file=sys.stderr)
    return FAILED if unexplained() else OK
