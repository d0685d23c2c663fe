"""Draws the pictures of docs/learn/derivatives.md, derivatives_*.png: `python docs/draw/derivatives.py`."""

from __future__ import annotations

import numpy as np
from chapter_style import panels, save, say

from gdfast.pictures.canvas import BLUE, GREEN, VERMILION


def draw_secants() -> None:
    """Secants of a parabola through (1, 1), and its tangent."""
    figure, ax = panels(height=3.9)
    x = np.linspace(-0.6, 2.6, 201)
    ax.plot(x, x**2, color=BLUE, linewidth=2.5)
    for h, dash, shade in ((1.4, ":", "#999999"), (0.8, "-.", "#767676"), (0.3, "--", "#444444")):
        slope = 2 + h
        ends = np.array([0.2, 1 + h + 0.25])
        ax.plot(ends, 1 + slope * (ends - 1), color=shade, linestyle=dash, linewidth=1.6)
        ax.plot(1 + h, (1 + h) ** 2, "o", color=shade)
        ax.text(1 + h + 0.08, (1 + h) ** 2 - 0.25, f"h = {h}: slope {slope:.1f}", color="black")
    ends = np.array([0.0, 1.72])
    ax.plot(ends, 1 + 2 * (ends - 1), color=VERMILION, linewidth=2.2)
    ax.plot(1, 1, "o", color="black", markersize=8, zorder=5)
    say(ax, "tangent: slope 2", (0.25, -0.5), (1.0, -1.0), VERMILION)
    ax.text(-0.55, 0.75, "f(x) = x²", color=BLUE)
    ax.set_xlim(-0.6, 3.7)
    ax.set_ylim(-1.5, 6.8)
    ax.set_xlabel("x")
    ax.set_ylabel("f(x)")
    save(figure, "derivatives_secants")


def height(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """An oval bowl."""
    return 0.5 * x**2 + 1.5 * y**2


def draw_gradient() -> None:
    """Contours with gradient arrows."""
    figure, ax = panels(height=4.3)
    axis = np.linspace(-4.2, 4.2, 201)
    x, y = np.meshgrid(axis, axis * 0.7)
    drawn = ax.contour(x, y, height(x, y), levels=[1, 3, 5, 8, 12], colors="#767676", linewidths=1)
    ax.clabel(drawn, fontsize=9)
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False) + 0.25
    for level, colour in ((1.0, BLUE), (5.0, VERMILION)):
        px, py = np.sqrt(2 * level) * np.cos(angles), np.sqrt(level / 1.5) * np.sin(angles)
        ax.quiver(px, py, px, 3 * py, color=colour, angles="xy", scale_units="xy", scale=6, width=0.006, zorder=3)
    ax.plot(0, 0, "*", color="black", markersize=12)
    say(ax, "gradient 0", (0, 0), (0, -0.42))
    ax.set_aspect("equal")
    ax.set_xlabel("w1")
    ax.set_ylabel("w2")
    ax.set_title("f = w1²/2 + 3 w2²/2; arrows: gradient / 6")
    save(figure, "derivatives_gradient")


def draw_jacobian() -> None:
    """A grid in the plane of r and phi, and its image; one cell is a small parallelogram, nearly."""
    figure, (left, right) = panels(1, 2, height=3.5)
    radii, angles = np.linspace(0.5, 3, 6), np.linspace(0, 1.5, 7)
    fine_r, fine_a = np.linspace(0.5, 3, 51), np.linspace(0, 1.5, 51)
    for r in radii:
        left.plot(np.full(51, r), fine_a, color="#999999", linewidth=0.8)
        right.plot(r * np.cos(fine_a), r * np.sin(fine_a), color="#999999", linewidth=0.8)
    for a in angles:
        left.plot(fine_r, np.full(51, a), color="#999999", linewidth=0.8)
        right.plot(fine_r * np.cos(a), fine_r * np.sin(a), color="#999999", linewidth=0.8)
    r, a, dr, da = 2.0, 0.5, 0.5, 0.25
    J = np.array([[np.cos(a), -r * np.sin(a)], [np.sin(a), r * np.cos(a)]])
    base = np.array([r * np.cos(a), r * np.sin(a)])
    square = np.array([[0, 0], [dr, 0], [dr, da], [0, da], [0, 0]])
    left.fill(r + square[:, 0], a + square[:, 1], color=BLUE, alpha=0.4)
    image = base + square @ J.T
    right.fill(*image.T, color=BLUE, alpha=0.4)
    for ax, start, columns in ((left, np.array([r, a]), np.eye(2)), (right, base, J)):
        for step, colour in ((columns[:, 0] * dr, VERMILION), (columns[:, 1] * da, GREEN)):
            ax.annotate("", start + step, start, arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 2})
    left.set_xlabel("r")
    left.set_ylabel("φ")
    left.set_title("a small square")
    right.set_xlabel("r cos φ")
    right.set_ylabel("r sin φ")
    right.set_title("its image: columns of J")
    right.set_aspect("equal")
    save(figure, "derivatives_jacobian")


def draw_directions() -> None:
    """The slope against the angle to the gradient."""
    figure, ax = panels(height=3.6)
    angle = np.linspace(-180, 180, 361)
    slope = np.cos(np.radians(angle))
    ax.plot(angle, slope, color=BLUE, linewidth=2.5)
    ax.axhline(0, color="black", linewidth=0.8)
    for at, colour in ((-180, VERMILION), (180, VERMILION), (0, BLUE), (-90, "black"), (90, "black")):
        ax.plot(at, np.cos(np.radians(at)), "o", color=colour, markersize=8)
    say(ax, "along the gradient:\nsteepest up", (0, 1), (0, 0.3), BLUE)
    say(ax, "along -gradient:\nsteepest down", (180, -1), (70, -0.8), VERMILION)
    say(ax, "along the contour:\nlevel", (-90, 0), (-125, 0.6))
    ax.set_xticks([-180, -90, 0, 90, 180], ["-180°", "-90°", "0°", "90°", "180°"])
    ax.set_yticks([-1, 0, 1], ["-|∇f|", "0", "|∇f|"])
    ax.set_xlabel("angle θ between the direction and the gradient")
    ax.set_ylabel("slope in that direction")
    ax.set_ylim(-1.15, 1.15)
    save(figure, "derivatives_directions")


def main() -> None:
    """All four."""
    draw_secants()
    draw_gradient()
    draw_jacobian()
    draw_directions()


if __name__ == "__main__":
    main()
