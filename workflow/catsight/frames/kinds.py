"""The kinds of source, each a module of this package with ``items(source, found, max_pixels)``.

``source`` is what the study's spec says of it, ``found`` its files by the key that named them, as
the manifest lists them. What comes back are :class:`catsight.frames.item.Item`, in an order that is
the same every time and, but for lists of files, one by one in constant memory.
"""

from catsight.frames import folder, hub, pairs, parquet, photos, synthetic, video

KINDS = {
    "photos": photos.items,
    "folder": folder.items,
    "video": video.items,
    "parquet": parquet.items,
    "hub": hub.items,
    "pairs": pairs.items,
    "dead-leaves": synthetic.items,
}
