"""Writes encoders of torchvision as ONNX graphs, in the forms that torch.onnx.export knows, and what they give for images.

usage: onnx_forms.py FOLDER NAME FORM   writes NAME.onnx, NAME.images.pth and NAME.output.pth (one tensor each, "x": the map of stride 8)

NAME: resnet18, resnet50, mobilenet_v2. FORM: named (parameters keep their names, batch norms stay) or folded (batch norms are folded, the names are numbers).
"""

import pathlib
import sys
import warnings

import torch
import torchvision

warnings.filterwarnings("ignore")
FOLDER, NAME, FORM = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]

torch.manual_seed(5)
model = getattr(torchvision.models, NAME)(weights=None).eval()
with torch.no_grad():
    for name, tensor in model.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 2)
        elif tensor.dim() == 1 and tensor.is_floating_point():
            tensor.add_(torch.rand_like(tensor) * 0.4 - 0.2)
images = torch.rand(2, 3, 64, 96)
options = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False} if FORM == "named" else {}
torch.onnx.export(model, images, str(FOLDER / f"{NAME}.onnx"), input_names=["images"], output_names=["logits"], opset_version=13, **options)
with torch.no_grad():
    if NAME == "mobilenet_v2":
        output = model.features[:7](images)
    else:
        stem = model.maxpool(model.relu(model.bn1(model.conv1(images))))
        output = model.layer2(model.layer1(stem))
torch.save({"x": images}, FOLDER / f"{NAME}.images.pth")
torch.save({"x": output}, FOLDER / f"{NAME}.output.pth")
