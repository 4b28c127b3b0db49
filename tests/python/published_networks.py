"""Writes networks of torchvision with weights of their own, an image, and the logits that torchvision computes.

usage: torchvision_networks.py FOLDER NAME...

FOLDER/NAME.pth is a state dict, FOLDER/NAME.images.pth and FOLDER/NAME.logits.pth hold one tensor each, "x".
"""

import pathlib
import sys

import torch
import torchvision

CLASSES = 5


def main(folder, names):
    for name in names:
        torch.manual_seed(1)
        model = getattr(torchvision.models.segmentation, name)(weights=None, weights_backbone=None, num_classes=CLASSES, aux_loss=True).eval()
        with torch.no_grad():
            for key, tensor in model.state_dict().items():
                if key.endswith("running_mean"):
                    tensor.normal_(std=0.1)
                elif key.endswith("running_var"):
                    tensor.uniform_(0.5, 2)
            images = torch.randn(2, 3, 65, 97)
            logits = model(images)["out"]
        torch.save(model.state_dict(), folder / f"{name}.pth")
        torch.save({"x": images}, folder / f"{name}.images.pth")
        torch.save({"x": logits}, folder / f"{name}.logits.pth")


main(pathlib.Path(sys.argv[1]), sys.argv[2:])
