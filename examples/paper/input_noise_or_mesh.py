"""What the network is fed: noise beats the coordinates (a mesh) where detail is to be restored.

    python input_noise_or_mesh.py --data FOLDER [--size 128] [--iters 500]

The text over kate of the published repository, 6001 steps; PSNR in the hole.
"""

from common import arguments, emptied, header, hole, picture, psnr, steps, swept, told


def main():
    """Print the lines of the table."""
    given = arguments(__doc__)
    truth = picture(given, "inpainting/kate.png")
    gap = hole(given, "inpainting/kate_mask.png", truth)
    count = ("--iters", steps(given, 6001))
    rows = swept(
        given, "inpaint", emptied(truth, gap), "input=noise,mesh", *count, mask=gap, reference=truth
    )
    header("Inpainting kate: what the network is fed")
    shown = (psnr(row["result"][gap][None], truth[gap][None]) for row in rows)
    told(rows, {row["vary"]["input"]: f"{dB:.2f} dB" for row, dB in zip(rows, shown, strict=True)})


if __name__ == "__main__":
    main()
