# Where in some frames an encoder's features differ between views: it is run again, on these frames
# alone, and its layers are not pooled.
rule places:
    input:
        weights=rules.weights.output,
        views=rules.gather_views.output,
    output:
        f"{RESULTS}/metrics/places/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/places/{{encoder}}.log",
    conda:
        "../../envs/torch.yaml"
    resources:
        # of no view: the work does not grow with the tables, of which a few rows are read
        **needs.of("features", view=""),
        gpu=int(study.config.features.device not in ("auto", "cpu")),
    params:
        spec=spec("places", of="encoder"),
        frames=frames_folder,
        shards=SHARDS,
        views=each("--views", "views", study.views_of_places),
    message:
        "features: places of {wildcards.encoder}"
    shell:
        "python -m catsight features places --spec {params.spec:q} --threads {threads}"
        " --weights {input.weights} --frames {params.frames} {params.views}"
        " --shards {params.shards} --output {output} 2> {log}"


rule figure_of_places:
    input:
        views=rules.gather_views.output,
        places=f"{RESULTS}/places.parquet",
    output:
        picture("places", "Alignment"),
    log:
        f"{RESULTS}/logs/figures/places.log",
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        spec=spec("figures", name="places"),
        frames=frames_folder,
        shards=SHARDS,
        views=each("--views", "views", study.views_of_places),
    message:
        "figures: where in the scene"
    shell:
        "python -m catsight figures places --spec {params.spec:q}"
        " --frames {params.frames} {params.views} --shards {params.shards}"
        " --table {input.places}"
        " --output {output} 2> {log}"
