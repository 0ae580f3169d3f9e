"""``python -m catsight.study.config``: writes the schema file and docs/configuration.md."""

from catsight.study.config import reference

if __name__ == "__main__":
    for path, text in reference.files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path}")
