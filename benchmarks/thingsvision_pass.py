"""The thingsvision side of benchmarks/features.py, for an environment of its own: thingsvision
needs an older torch.

    uv venv --python 3.11 ENV && uv pip install --python ENV/bin/python thingsvision
    .venv/bin/python benchmarks/features.py --rival ENV/bin/python

For each line on standard input it extracts all layers of a network from a folder of PNGs in one
pass (`module_names`), and prints how many seconds that took.
"""

import json
import sys
import time
from typing import Any

import torch
from thingsvision import get_extractor
from thingsvision.utils.data import DataLoader, ImageDataset


def main(job: dict[str, Any]) -> None:
    """Answers every line on standard input with one pass of the ``job``."""
    torch.set_num_threads(job["threads"])
    torch.manual_seed(0)
    extractor = get_extractor(model_name=job["timm"], source="timm", device="cpu", pretrained=False)
    for _ in sys.stdin:
        start = time.perf_counter()
        pictures = ImageDataset(
            root=job["folder"],
            out_path=job["out"],
            backend="pt",
            transforms=extractor.get_transformations(),
        )
        batches = DataLoader(dataset=pictures, batch_size=16, backend="pt")
        features = extractor.extract_features(
            batches=batches, module_names=job["layers"], flatten_acts=False
        )
        assert len(features) == len(job["layers"])
        print(f"seconds {time.perf_counter() - start}", flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
