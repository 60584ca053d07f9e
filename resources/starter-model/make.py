# SPDX-License-Identifier: Apache-2.0
"""One command a stage: python make.py data|autoencoder|diffusion|export|words|measure|contact_sheet"""
import argparse
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORK = HERE.parents[1] / ".training" / "starter-model"  # git ignores it


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "stage", choices=["data", "autoencoder", "diffusion", "export", "words", "measure", "contact_sheet"]
    )
    parser.add_argument("--work", type=Path, default=WORK, help="checkpoints and caches")
    parser.add_argument("--model", type=Path, default=HERE / "model", help="the exported model folder")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N")
    parser.add_argument("--workers", type=int, default=2, help="processes that train on a cpu, one thread each")
    parser.add_argument("--minutes", type=float, help="the stage's training budget over all its runs")
    parser.add_argument("--names", type=int, default=200, help="how many names of the list are taught")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", choices=["easel", "diffusers"], default="easel", help="who draws when measuring")
    parser.add_argument("--easel", type=Path, help="the easel-server executable")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)

    if options.stage == "data":
        from recipe import data, tokenizer

        data.prepare(options.work)
        tokenizer.write(data.vocabulary_words(data.load(options.work)), options.work / "tokenizer")
    elif options.stage in ("autoencoder", "diffusion"):
        from recipe import autoencoder, diffusion, training

        training.run(
            {"autoencoder": autoencoder, "diffusion": diffusion}[options.stage].train,
            options.device,
            options.workers,
            options.work,
            options.device,
            options.minutes or 60,
            options.seed,
            options.names,
        )
    elif options.stage == "export":
        from recipe import export

        export.export(options.work, options.model)
    elif options.stage == "words":
        from recipe import text_encoder

        text_encoder.train(options.work, options.model, options.minutes or 60, options.seed, options.names)
    elif options.stage == "measure":
        from recipe import measure

        measure.measure(
            options.work,
            options.model,
            options.engine,
            options.easel,
            options.seed,
            HERE / "measured.json",
        )
    elif options.stage == "contact_sheet":
        from recipe import contact_sheet

        contact_sheet.make(options.work, options.model, HERE / "contact-sheet.jpg")


if __name__ == "__main__":
    main()
