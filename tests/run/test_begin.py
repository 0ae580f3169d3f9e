"""The start and the end of a run: which study file it reads, and where its report is."""

from catsight.run import begin


def test_a_second_file_with_the_same_study_name_is_warned_of(tmp_path, capsys):
    begin.note_study_file("mine", ["a.yaml"], tmp_path)
    begin.note_study_file("mine", ["a.yaml"], tmp_path)
    begin.note_study_file("yours", ["b.yaml"], tmp_path)
    assert capsys.readouterr().err == ""
    begin.note_study_file("mine", ["b.yaml"], tmp_path)
    said = capsys.readouterr().err
    for words in ("a.yaml", "b.yaml", "`study: mine`", "another `study:` name", "renamed"):
        assert words in said
    begin.note_study_file("mine", ["b.yaml"], tmp_path)
    assert capsys.readouterr().err == ""


def test_a_moved_project_is_no_other_file(tmp_path, monkeypatch, capsys):
    """Files are recorded relative to the folder that a run works in."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    begin.note_study_file("mine", [str(tmp_path / "here" / "a.yaml")])
    (tmp_path / "here").rename(tmp_path / "there")
    monkeypatch.chdir(tmp_path / "there")
    begin.note_study_file("mine", ["a.yaml"])
    assert capsys.readouterr().err == ""


def test_a_finished_run_names_its_report(tmp_path, capsys):
    begin.finished("mine", tmp_path)  # a run of some other target
    assert capsys.readouterr().err == ""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "report.html").touch()
    begin.finished("mine", tmp_path)
    assert capsys.readouterr().err == f"report: {tmp_path / 'mine' / 'report.html'}\n"
