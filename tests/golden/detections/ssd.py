# What ssd tells of a prediction beside torchvision's SSD.postprocess_detections; torch 2.15, torchvision 0.29.
# SPDX-License-Identifier: Apache-2.0
import types

import torch
from golden import cases, chance, given, yaml_of
from torchvision.models.detection import _utils
from torchvision.models.detection.ssd import SSD

for _ in range(20):
    batch, count, classes = chance.randint(1, 2), chance.randint(4, 30), chance.randint(1, 4)
    size = (chance.randint(20, 40), chance.randint(20, 40))
    keys = {"score_thresh": chance.choice([0.01, 0.2]), "nms_thresh": chance.choice([0.2, 0.45, 0.7]),
            "detections_per_img": chance.choice([3, 20, 100])}
    x = given((batch, count, 11 + classes), -4, 4)
    middle, half = given((batch, count, 2), 0, 36), given((batch, count, 2), 1, 10)
    x[..., :4] = torch.cat([middle - half, middle + half], 2)
    x[..., 4:6] = torch.tensor([size[1], size[0]])
    ssd = types.SimpleNamespace(box_coder=_utils.BoxCoder((10.0, 10.0, 5.0, 5.0)), topk_candidates=10**6,
                                score_thresh=keys["score_thresh"], nms_thresh=keys["nms_thresh"],
                                detections_per_img=keys["detections_per_img"])
    found = SSD.postprocess_detections(ssd, {"bbox_regression": x[..., 6:10], "cls_logits": x[..., 10:]},
                                       list(x[..., :4]), [size] * batch)
    rows = [[[*box, label - 1, score] for box, label, score in
             zip(f["boxes"].tolist(), f["labels"].tolist(), f["scores"].tolist())] for f in found]
    cases.append({"yaml": yaml_of("ssd", **keys), "shape": list(x.shape), "values": x.reshape(-1).tolist(),
                  "rows": [[[float(f"{v:.7g}") for v in row] for row in image] for image in rows]})
