import numpy as np

from catsight.views.opponent import from_channels, into_channels, senses


def test_catches_are_those_of_the_channels():
    """Nothing is lost on the way there and back; grey has no colour; rods stay apart."""
    for weights in ([1.0], [0.1, 0.9], [0.05, 0.35, 0.6]):
        n = len(weights)
        into, back = into_channels(np.array(weights)), from_channels(n)
        np.testing.assert_allclose(back @ into, np.eye(n + 1), atol=1e-12)
        grey = into @ np.append(np.ones(n), 0.3)
        np.testing.assert_allclose(grey, [1, *[0] * n, 0.3], atol=1e-12)
        assert list(senses(n)) == [0, *[1] * n, 2]


def test_the_noise_of_a_rare_cone_hardly_reaches_the_detail():
    """Blue cones catch a twentieth of the quanta: their noise counts a twentieth."""
    into = into_channels(np.array([0.05, 0.35, 0.6]))
    assert into[0, 0] == 0.05
    np.testing.assert_allclose(into[1:-1, :3].sum(axis=1), 0, atol=1e-12)
