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
        command="compare",
        spec=lambda wildcards: study.metrics_spec(wildcards.encoder),
        features=lambda wildcards: folders("--features", f"features/{wildcards.encoder}/{{name}}"),
    message:
        "metrics: {wildcards.encoder}"
    shell:
        "python -m catsight metrics {params.command} --spec {params.spec:q} {params.features}"
        " --output {output} 2> {log}"


use rule metrics as stability with:
    output:
        f"{RESULTS}/metrics/stability/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/stability/{{encoder}}.log",
    params:
        command="stability",
        spec=lambda wildcards: study.stability_spec(wildcards.encoder),
        features=lambda wildcards: folders("--features", f"features/{wildcards.encoder}/{{name}}"),
    message:
        "metrics: stability of {wildcards.encoder}"


use rule metrics as pairs with:
    output:
        f"{RESULTS}/metrics/pairs/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/pairs/{{encoder}}.log",
    params:
        command="pairs",
        spec=lambda wildcards: study.pairs_spec(wildcards.encoder),
        features=lambda wildcards: folders("--features", f"features/{wildcards.encoder}/{{name}}"),
    message:
        "metrics: pairs of frames, of {wildcards.encoder}"


use rule metrics as attribution with:
    input:
        frames=FRAMES,
        features=features_of(study.subsets.values()),
    output:
        f"{RESULTS}/metrics/attribution/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/attribution/{{encoder}}.log",
    params:
        command="attribute",
        spec=lambda wildcards: study.attribution_spec(wildcards.encoder),
        features=lambda wildcards: folders(
            "--features", f"features/{wildcards.encoder}/{{name}}", study.subsets.values()
        ),
    message:
        "metrics: attribution to parts of the eye, of {wildcards.encoder}"


use rule metrics as doses with:
    input:
        frames=FRAMES,
        features=features_of(study.swept),
    output:
        f"{RESULTS}/metrics/doses/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/doses/{{encoder}}.log",
    params:
        command="doses",
        spec=lambda wildcards: study.doses_spec(wildcards.encoder),
        features=lambda wildcards: folders(
            "--features", f"features/{wildcards.encoder}/{{name}}", study.swept
        ),
    message:
        "metrics: dose curves of {wildcards.encoder}"


use rule metrics as layers with:
    output:
        f"{RESULTS}/metrics/maps/views/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/maps/{{encoder}}.log",
    params:
        command="layers",
        spec=lambda wildcards: study.maps_spec(wildcards.encoder),
        features=lambda wildcards: folders("--features", f"features/{wildcards.encoder}/{{name}}"),
    message:
        "metrics: each layer with each, of {wildcards.encoder}"


use rule metrics as encoders with:
    input:
        expand(rules.gather_features.output, encoder=study.encoders),
    output:
        f"{RESULTS}/metrics/maps/encoders.parquet",
    log:
        f"{RESULTS}/logs/metrics/maps.log",
    resources:
        **needs.of("metrics", view=study.reference),
    params:
        command="encoders",
        spec=lambda wildcards: study.maps_spec(),
        features=folders("--features", f"features/{{name}}/{study.reference}", study.encoders),
    message:
        "metrics: each layer with each, of all encoders"


# Of each kind one table of the whole study, from those of its encoders.
OF_ENCODERS = {
    "metrics": expand(rules.metrics.output, encoder=study.encoders),
    "stability": expand(rules.stability.output, encoder=study.encoders),
    "pairs": expand(rules.pairs.output, encoder=study.encoders),
    "attribution": expand(rules.attribution.output, encoder=study.attributed),
    "doses": expand(rules.doses.output, encoder=study.encoders),
    "maps": [*expand(rules.layers.output, encoder=study.encoders), *rules.encoders.output],
}
# All that a study has in the store.
STORED = [
    rules.manifest.output,
    rules.frames.output,
    rules.portraits.output,
    expand(rules.views.output, view=[*study.shown, *study.swapped], shard=study.shards),
    expand(rules.weights.output, encoder=study.encoders),
    expand(features_of(study.shown), encoder=study.encoders),
    expand(features_of(study.swapped), encoder=study.attributed),
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
