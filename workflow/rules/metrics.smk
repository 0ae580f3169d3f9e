rule metrics:
    input:
        rules.gather_features.output,
    output:
        f"{RESULTS}/metrics/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/{{encoder}}.log",
    conda:
        "../../envs/base.yaml"
    resources:
        **needs.of("metrics"),
    params:
        spec=spec("metrics", of="encoder"),
        frames=frames_folder,
        shards=SHARDS,
        features=each_view(study.views),
    message:
        "metrics: {wildcards.encoder}"
    shell:
        "python -m catsight metrics compare --spec {params.spec:q} --frames {params.frames}"
        " {params.features} --shards {params.shards} --output {output} 2> {log}"


rule stability:
    input:
        rules.gather_features.output,
    output:
        f"{RESULTS}/metrics/stability/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/stability/{{encoder}}.log",
    conda:
        "../../envs/base.yaml"
    resources:
        **needs.of("metrics"),
    params:
        spec=spec("stability", of="encoder"),
        frames=frames_folder,
        shards=SHARDS,
        features=each_view(study.views),
    message:
        "metrics: stability of {wildcards.encoder}"
    shell:
        "python -m catsight metrics stability --spec {params.spec:q} --frames {params.frames}"
        " {params.features} --shards {params.shards} --output {output} 2> {log}"


rule per_frame:
    input:
        rules.gather_features.output,
    output:
        f"{RESULTS}/metrics/per_frame/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/per_frame/{{encoder}}.log",
    conda:
        "../../envs/base.yaml"
    resources:
        **needs.of("metrics"),
    params:
        spec=spec("per_frame", of="encoder"),
        frames=frames_folder,
        shards=SHARDS,
        features=each_view(study.views),
    message:
        "metrics: each frame of {wildcards.encoder}"
    shell:
        "python -m catsight metrics per_frame --spec {params.spec:q} --frames {params.frames}"
        " {params.features} --shards {params.shards} --output {output} 2> {log}"


rule pairs:
    input:
        rules.gather_features.output,
    output:
        f"{RESULTS}/metrics/pairs/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/pairs/{{encoder}}.log",
    conda:
        "../../envs/base.yaml"
    resources:
        **needs.of("metrics"),
    params:
        spec=spec("pairs", of="encoder"),
        frames=frames_folder,
        shards=SHARDS,
        features=each_view(study.views),
    message:
        "metrics: pairs of frames, of {wildcards.encoder}"
    shell:
        "python -m catsight metrics pairs --spec {params.spec:q} --frames {params.frames}"
        " {params.features} --shards {params.shards} --output {output} 2> {log}"


rule attribution:
    input:
        frames=FRAMES,
        features=features_of(study.swaps.subsets.values()),
    output:
        f"{RESULTS}/metrics/attribution/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/attribution/{{encoder}}.log",
    conda:
        "../../envs/base.yaml"
    resources:
        **needs.of("metrics"),
    params:
        spec=spec("attribution", of="encoder"),
        frames=frames_folder,
        shards=SHARDS,
        features=each_view(study.swaps.subsets.values()),
    message:
        "metrics: attribution to parts of the eye, of {wildcards.encoder}"
    shell:
        "python -m catsight metrics attribution --spec {params.spec:q} --frames {params.frames}"
        " {params.features} --shards {params.shards} --output {output} 2> {log}"


rule doses:
    input:
        frames=FRAMES,
        features=features_of(study.sweeps.compared),
    output:
        f"{RESULTS}/metrics/doses/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/doses/{{encoder}}.log",
    conda:
        "../../envs/base.yaml"
    resources:
        **needs.of("metrics"),
    params:
        spec=spec("doses", of="encoder"),
        frames=frames_folder,
        shards=SHARDS,
        features=each_view(study.sweeps.compared),
    message:
        "metrics: dose curves of {wildcards.encoder}"
    shell:
        "python -m catsight metrics doses --spec {params.spec:q} --frames {params.frames}"
        " {params.features} --shards {params.shards} --output {output} 2> {log}"


rule maps:
    input:
        rules.gather_features.output,
    output:
        f"{RESULTS}/metrics/maps/views/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/maps/{{encoder}}.log",
    conda:
        "../../envs/base.yaml"
    resources:
        **needs.of("metrics"),
    params:
        spec=spec("maps", of="encoder"),
        frames=frames_folder,
        shards=SHARDS,
        features=each_view(study.views),
    message:
        "metrics: each layer with each, of {wildcards.encoder}"
    shell:
        "python -m catsight metrics maps --spec {params.spec:q} --frames {params.frames}"
        " {params.features} --shards {params.shards} --output {output} 2> {log}"


rule maps_between_encoders:
    input:
        expand(rules.gather_features.output, encoder=study.encoders),
    output:
        f"{RESULTS}/metrics/maps/encoders.parquet",
    log:
        f"{RESULTS}/logs/metrics/maps.log",
    conda:
        "../../envs/base.yaml"
    resources:
        **needs.of("metrics", view=study.reference),
    params:
        spec=spec("maps"),
        frames=frames_folder,
        shards=SHARDS,
        features=" ".join(
            f"--features {encoder} {RESULTS}/features/{encoder}/{study.reference}"
            for encoder in study.encoders
        ),
    message:
        "metrics: each layer with each, of all encoders"
    shell:
        "python -m catsight metrics maps --spec {params.spec:q} --frames {params.frames}"
        " {params.features} --shards {params.shards} --output {output} 2> {log}"


# The tables of each kind, by encoder, which are merged into one table of the study.
OF_ENCODERS = {
    "metrics": expand(rules.metrics.output, encoder=study.encoders),
    "stability": expand(rules.stability.output, encoder=study.encoders),
    "per_frame": expand(rules.per_frame.output, encoder=study.encoders),
    "pairs": expand(rules.pairs.output, encoder=study.encoders),
    "attribution": expand(rules.attribution.output, encoder=study.attribution_encoders),
    "doses": expand(rules.doses.output, encoder=study.encoders),
    "maps": [
        *expand(rules.maps.output, encoder=study.encoders),
        *rules.maps_between_encoders.output,
    ],
}
# Everything that a study has in the store.
STORED = [
    rules.manifest.output,
    rules.frames.output,
    rules.portraits.output,
    expand(rules.views.output, view=study.all_views, shard=study.shards),
    expand(rules.weights.output, encoder=study.encoders),
    expand(features_of(study.encoder_views), encoder=study.encoders),
    expand(features_of(study.swaps.views), encoder=study.attribution_encoders),
    *OF_ENCODERS.values(),
]


rule merge:
    input:
        lambda wildcards: OF_ENCODERS[wildcards.table],
    output:
        f"{RESULTS}/{{table}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/merge/{{table}}.log",
    wildcard_constraints:
        table="|".join(OF_ENCODERS),
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        study=study.name,
    message:
        "metrics: all {wildcards.table} in one table"
    shell:
        "python -m catsight metrics merge {input} --study {params.study} --output {output} 2> {log}"
