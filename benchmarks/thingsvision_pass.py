"""thingsvision's side of benchmarks/features.py, for an environment of its own (it needs an older
torch).

    uv venv --python 3.11 ENV && uv pip install --python ENV/bin/python thingsvision
    .venv/bin/python benchmarks/features.py --rival ENV/bin/python

Takes all the layers of a network in one pass (`module_names`) of a folder of PNGs, once for each
line on standard input, and answers with the seconds that it took.
"""

import json
import sys
import time

import torch
from thingsvision import get_extractor
from thingsvision.utils.data import DataLoader, ImageDataset


def main(job: dict) -> None:
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
