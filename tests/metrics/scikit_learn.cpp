// Metrics beside scikit-learn and SciPy, on inputs at random and on degenerate ones. scikit_learn.py prints the table.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <map>

#include "tests/measured.h"

using namespace dl;
using namespace dl::testing;

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();  // no figure

struct Row {
  const char *input, *yaml;
  std::vector<double> figures;
};
const std::vector<Row> table{
    {"three classes", "precision: {average: macro}", {0.3139812446717818}},
    {"three classes", "recall: {average: macro}", {0.3159324335794924}},
    {"three classes", "f_beta: {average: macro}", {0.314489432136491}},
    {"three classes", "f_beta: {beta: 2, average: macro}", {0.31524240017917865}},
    {"three classes", "iou: {average: macro}", {0.1871008939974457}},
    {"three classes", "precision: {average: micro}", {0.31666666666666665}},
    {"three classes", "recall: {average: micro}", {0.31666666666666665}},
    {"three classes", "f_beta: {average: micro}", {0.31666666666666665}},
    {"three classes", "f_beta: {beta: 2, average: micro}", {0.31666666666666665}},
    {"three classes", "iou: {average: micro}", {0.18811881188118812}},
    {"three classes", "precision: {average: weighted}", {0.31507246376811593}},
    {"three classes", "recall: {average: weighted}", {0.31666666666666665}},
    {"three classes", "f_beta: {average: weighted}", {0.31536796536796535}},
    {"three classes", "f_beta: {beta: 2, average: weighted}", {0.3160263066805123}},
    {"three classes", "iou: {average: weighted}", {0.18773946360153254}},
    {"three classes", "precision: {average: per_class}", {0.34782608695652173, 0.3, 0.29411764705882354}},
    {"three classes", "recall: {average: per_class}", {0.38095238095238093, 0.2727272727272727, 0.29411764705882354}},
    {"three classes", "f_beta: {average: per_class}", {0.36363636363636365, 0.2857142857142857, 0.29411764705882354}},
    {"three classes",
     "f_beta: {beta: 2, average: per_class}",
     {0.37383177570093457, 0.2777777777777778, 0.29411764705882354}},
    {"three classes", "iou: {average: per_class}", {0.2222222222222222, 0.16666666666666666, 0.1724137931034483}},
    {"three classes", "mcc", {-0.03020135290969376}},
    {"three classes", "cohen_kappa: {weights: none}", {-0.03015075376884435}},
    {"three classes", "cohen_kappa: {weights: linear}", {0.005102040816326481}},
    {"three classes", "cohen_kappa: {weights: quadratic}", {0.041450777202072575}},
    {"three classes", "roc_auc: {average: per_class}", {0.5128205128205128, 0.5263157894736842, 0.573187414500684}},
    {"three classes", "roc_auc", {0.5374412389316269}},
    {"three classes", "roc_auc: {average: weighted}", {0.5348727364027241}},
    {"three classes",
     "average_precision: {average: per_class}",
     {0.3874234769915085, 0.4057109319434114, 0.3182824768817663}},
    {"three classes", "average_precision", {0.37047229527222875}},
    {"three classes", "average_precision: {average: weighted}", {0.37453892710944586}},
    {"three classes", "calibration_error: {bins: 7, norm: l1}", {0.3319353531121218}},
    {"three classes", "calibration_error: {bins: 7, norm: l2}", {0.35452877801505467}},
    {"three classes", "calibration_error: {bins: 7, norm: max}", {0.5759388265288861}},
    {"a class that never occurs", "precision: {average: macro}", {0.3194444444444444}},
    {"a class that never occurs", "recall: {average: macro}", {0.22883244206773617}},
    {"a class that never occurs", "f_beta: {average: macro}", {0.26282051282051283}},
    {"a class that never occurs", "f_beta: {beta: 2, average: macro}", {0.2407692210323789}},
    {"a class that never occurs", "iou: {average: macro}", {0.16396459899749372}},
    {"a class that never occurs", "precision: {average: micro}", {0.3}},
    {"a class that never occurs", "recall: {average: micro}", {0.3}},
    {"a class that never occurs", "f_beta: {average: micro}", {0.3}},
    {"a class that never occurs", "f_beta: {beta: 2, average: micro}", {0.3}},
    {"a class that never occurs", "iou: {average: micro}", {0.17647058823529413}},
    {"a class that never occurs", "precision: {average: weighted}", {0.44027777777777777}},
    {"a class that never occurs", "recall: {average: weighted}", {0.3}},
    {"a class that never occurs", "f_beta: {average: weighted}", {0.35155677655677653}},
    {"a class that never occurs", "f_beta: {beta: 2, average: weighted}", {0.31793340674919623}},
    {"a class that never occurs", "iou: {average: weighted}", {0.21870692355889726}},
    {"a class that never occurs",
     "precision: {average: per_class}",
     {0.2222222222222222, 0.5, 0.5555555555555556, 0.0}},
    {"a class that never occurs",
     "recall: {average: per_class}",
     {0.16666666666666666, 0.45454545454545453, 0.29411764705882354, 0.0}},
    {"a class that never occurs",
     "f_beta: {average: per_class}",
     {0.19047619047619047, 0.47619047619047616, 0.38461538461538464, 0.0}},
    {"a class that never occurs",
     "f_beta: {beta: 2, average: per_class}",
     {0.17543859649122806, 0.46296296296296297, 0.3246753246753247, 0.0}},
    {"a class that never occurs", "iou: {average: per_class}", {0.10526315789473684, 0.3125, 0.23809523809523808, 0.0}},
    {"a class that never occurs", "mcc", {0.09753455172779779}},
    {"a class that never occurs", "cohen_kappa: {weights: none}", {0.08868999186330351}},
    {"a class that never occurs", "cohen_kappa: {weights: linear}", {-0.0680628272251309}},
    {"a class that never occurs", "cohen_kappa: {weights: quadratic}", {-0.2247191011235956}},
    {"a class that never occurs",
     "roc_auc: {average: per_class}",
     {0.5178571428571429, 0.6363636363636364, 0.59846547314578, none}},
    {"a class that never occurs", "roc_auc", {none}},
    {"a class that never occurs",
     "average_precision: {average: per_class}",
     {0.32193062863691047, 0.43205496743046146, 0.58893094462518, none}},
    {"a class that never occurs", "average_precision", {none}},
    {"a class that never occurs", "calibration_error: {bins: 7, norm: l1}", {0.22083127297512417}},
    {"a class that never occurs", "calibration_error: {bins: 7, norm: l2}", {0.2361454955055291}},
    {"a class that never occurs", "calibration_error: {bins: 7, norm: max}", {0.37609227359642283}},
    {"targets of one class", "precision: {average: macro}", {0.3333333333333333}},
    {"targets of one class", "recall: {average: macro}", {0.06666666666666667}},
    {"targets of one class", "f_beta: {average: macro}", {0.1111111111111111}},
    {"targets of one class", "f_beta: {beta: 2, average: macro}", {0.07936507936507936}},
    {"targets of one class", "iou: {average: macro}", {0.06666666666666667}},
    {"targets of one class", "precision: {average: micro}", {0.2}},
    {"targets of one class", "recall: {average: micro}", {0.2}},
    {"targets of one class", "f_beta: {average: micro}", {0.2}},
    {"targets of one class", "f_beta: {beta: 2, average: micro}", {0.2}},
    {"targets of one class", "iou: {average: micro}", {0.1111111111111111}},
    {"targets of one class", "precision: {average: weighted}", {1.0}},
    {"targets of one class", "recall: {average: weighted}", {0.2}},
    {"targets of one class", "f_beta: {average: weighted}", {0.3333333333333333}},
    {"targets of one class", "f_beta: {beta: 2, average: weighted}", {0.23809523809523808}},
    {"targets of one class", "iou: {average: weighted}", {0.2}},
    {"targets of one class", "precision: {average: per_class}", {0.0, 1.0, 0.0}},
    {"targets of one class", "recall: {average: per_class}", {0.0, 0.2, 0.0}},
    {"targets of one class", "f_beta: {average: per_class}", {0.0, 0.3333333333333333, 0.0}},
    {"targets of one class", "f_beta: {beta: 2, average: per_class}", {0.0, 0.23809523809523808, 0.0}},
    {"targets of one class", "iou: {average: per_class}", {0.0, 0.2, 0.0}},
    {"targets of one class", "mcc", {0.0}},
    {"targets of one class", "cohen_kappa: {weights: none}", {0.0}},
    {"targets of one class", "cohen_kappa: {weights: linear}", {0.0}},
    {"targets of one class", "cohen_kappa: {weights: quadratic}", {0.0}},
    {"targets of one class", "roc_auc: {average: per_class}", {none, none, none}},
    {"targets of one class", "roc_auc", {none}},
    {"targets of one class", "average_precision: {average: per_class}", {none, 1.0000000000000002, none}},
    {"targets of one class", "average_precision", {none}},
    {"targets of one class", "calibration_error: {bins: 7, norm: l1}", {0.42797886348530995}},
    {"targets of one class", "calibration_error: {bins: 7, norm: l2}", {0.435262050978474}},
    {"targets of one class", "calibration_error: {bins: 7, norm: max}", {0.5571861750101217}},
    {"two values a sample", "precision: {average: macro}", {0.48397435897435903}},
    {"two values a sample", "recall: {average: macro}", {0.48333333333333334}},
    {"two values a sample", "f_beta: {average: macro}", {0.47665056360708535}},
    {"two values a sample", "f_beta: {beta: 2, average: macro}", {0.4789046121593291}},
    {"two values a sample", "iou: {average: macro}", {0.3138888888888889}},
    {"two values a sample", "precision: {average: micro}", {0.48}},
    {"two values a sample", "recall: {average: micro}", {0.48}},
    {"two values a sample", "f_beta: {average: micro}", {0.48}},
    {"two values a sample", "f_beta: {beta: 2, average: micro}", {0.48}},
    {"two values a sample", "iou: {average: micro}", {0.3157894736842105}},
    {"two values a sample", "precision: {average: weighted}", {0.5038461538461538}},
    {"two values a sample", "recall: {average: weighted}", {0.48}},
    {"two values a sample", "f_beta: {average: weighted}", {0.4850241545893719}},
    {"two values a sample", "f_beta: {beta: 2, average: weighted}", {0.48034591194968557}},
    {"two values a sample", "iou: {average: weighted}", {0.3211111111111111}},
    {"two values a sample", "precision: {average: per_class}", {0.5833333333333334, 0.38461538461538464}},
    {"two values a sample", "recall: {average: per_class}", {0.4666666666666667, 0.5}},
    {"two values a sample", "f_beta: {average: per_class}", {0.5185185185185185, 0.43478260869565216}},
    {"two values a sample", "f_beta: {beta: 2, average: per_class}", {0.4861111111111111, 0.4716981132075472}},
    {"two values a sample", "iou: {average: per_class}", {0.35, 0.2777777777777778}},
    {"two values a sample", "precision: {average: binary}", {0.38461538461538464}},
    {"two values a sample", "recall: {average: binary}", {0.5}},
    {"two values a sample", "f_beta: {average: binary}", {0.43478260869565216}},
    {"two values a sample", "f_beta: {beta: 2, average: binary}", {0.4716981132075472}},
    {"two values a sample", "iou: {average: binary}", {0.2777777777777778}},
    {"two values a sample", "mcc", {-0.03268602252303067}},
    {"two values a sample", "cohen_kappa: {weights: none}", {-0.031746031746031855}},
    {"two values a sample", "cohen_kappa: {weights: linear}", {-0.031746031746031855}},
    {"two values a sample", "cohen_kappa: {weights: quadratic}", {-0.031746031746031855}},
    {"two values a sample", "roc_auc: {average: per_class}", {0.5375, 0.5375}},
    {"two values a sample", "roc_auc", {0.5375}},
    {"two values a sample", "average_precision: {average: per_class}", {0.6474545091498146, 0.4750821542970499}},
    {"two values a sample", "average_precision", {0.4750821542970499}},
    {"two values a sample", "calibration_error: {bins: 7, norm: l1}", {0.2943649734633408}},
    {"two values a sample", "calibration_error: {bins: 7, norm: l2}", {0.3127335664859512}},
    {"two values a sample", "calibration_error: {bins: 7, norm: max}", {0.4392903074141644}},
    {"one value a sample, with ties", "precision: {average: macro}", {0.5433333333333333}},
    {"one value a sample, with ties", "recall: {average: macro}", {0.5419084461637653}},
    {"one value a sample, with ties", "f_beta: {average: macro}", {0.5418098510882016}},
    {"one value a sample, with ties", "f_beta: {beta: 2, average: macro}", {0.5416796348168897}},
    {"one value a sample, with ties", "iou: {average: macro}", {0.3777056277056277}},
    {"one value a sample, with ties", "precision: {average: micro}", {0.5625}},
    {"one value a sample, with ties", "recall: {average: micro}", {0.5625}},
    {"one value a sample, with ties", "f_beta: {average: micro}", {0.5625}},
    {"one value a sample, with ties", "f_beta: {beta: 2, average: micro}", {0.5625}},
    {"one value a sample, with ties", "iou: {average: micro}", {0.391304347826087}},
    {"one value a sample, with ties", "precision: {average: weighted}", {0.55675}},
    {"one value a sample, with ties", "recall: {average: weighted}", {0.5625}},
    {"one value a sample, with ties", "f_beta: {average: weighted}", {0.5588487972508591}},
    {"one value a sample, with ties", "f_beta: {beta: 2, average: weighted}", {0.5608562869592281}},
    {"one value a sample, with ties", "iou: {average: weighted}", {0.39380411255411263}},
    {"one value a sample, with ties", "precision: {average: per_class}", {0.62, 0.4666666666666667}},
    {"one value a sample, with ties", "recall: {average: per_class}", {0.6595744680851063, 0.42424242424242425}},
    {"one value a sample, with ties", "f_beta: {average: per_class}", {0.6391752577319587, 0.4444444444444444}},
    {"one value a sample, with ties",
     "f_beta: {beta: 2, average: per_class}",
     {0.6512605042016807, 0.43209876543209874}},
    {"one value a sample, with ties", "iou: {average: per_class}", {0.4696969696969697, 0.2857142857142857}},
    {"one value a sample, with ties", "precision: {average: binary}", {0.4666666666666667}},
    {"one value a sample, with ties", "recall: {average: binary}", {0.42424242424242425}},
    {"one value a sample, with ties", "f_beta: {average: binary}", {0.4444444444444444}},
    {"one value a sample, with ties", "f_beta: {beta: 2, average: binary}", {0.43209876543209874}},
    {"one value a sample, with ties", "iou: {average: binary}", {0.2857142857142857}},
    {"one value a sample, with ties", "mcc", {0.08522986957860482}},
    {"one value a sample, with ties", "cohen_kappa: {weights: none}", {0.08496732026143794}},
    {"one value a sample, with ties", "cohen_kappa: {weights: linear}", {0.08496732026143794}},
    {"one value a sample, with ties", "cohen_kappa: {weights: quadratic}", {0.08496732026143794}},
    {"one value a sample, with ties", "roc_auc: {average: per_class}", {0.5406189555125726, 0.5406189555125724}},
    {"one value a sample, with ties", "roc_auc", {0.5406189555125724}},
    {"one value a sample, with ties",
     "average_precision: {average: per_class}",
     {0.6488386268270663, 0.4525124576299247}},
    {"one value a sample, with ties", "average_precision", {0.4525124576299247}},
    {"one value a sample, with ties", "calibration_error: {bins: 7, norm: l1}", {0.2067094899865781}},
    {"one value a sample, with ties", "calibration_error: {bins: 7, norm: l2}", {0.24499069148387373}},
    {"one value a sample, with ties", "calibration_error: {bins: 7, norm: max}", {0.3188379302350882}},
    {"one value a sample, all equal", "precision: {average: macro}", {0.3}},
    {"one value a sample, all equal", "recall: {average: macro}", {0.5}},
    {"one value a sample, all equal", "f_beta: {average: macro}", {0.375}},
    {"one value a sample, all equal", "f_beta: {beta: 2, average: macro}", {0.4411764705882353}},
    {"one value a sample, all equal", "iou: {average: macro}", {0.3}},
    {"one value a sample, all equal", "precision: {average: micro}", {0.6}},
    {"one value a sample, all equal", "recall: {average: micro}", {0.6}},
    {"one value a sample, all equal", "f_beta: {average: micro}", {0.6}},
    {"one value a sample, all equal", "f_beta: {beta: 2, average: micro}", {0.6}},
    {"one value a sample, all equal", "iou: {average: micro}", {0.42857142857142855}},
    {"one value a sample, all equal", "precision: {average: weighted}", {0.36}},
    {"one value a sample, all equal", "recall: {average: weighted}", {0.6}},
    {"one value a sample, all equal", "f_beta: {average: weighted}", {0.45}},
    {"one value a sample, all equal", "f_beta: {beta: 2, average: weighted}", {0.5294117647058824}},
    {"one value a sample, all equal", "iou: {average: weighted}", {0.36}},
    {"one value a sample, all equal", "precision: {average: per_class}", {0.0, 0.6}},
    {"one value a sample, all equal", "recall: {average: per_class}", {0.0, 1.0}},
    {"one value a sample, all equal", "f_beta: {average: per_class}", {0.0, 0.75}},
    {"one value a sample, all equal", "f_beta: {beta: 2, average: per_class}", {0.0, 0.8823529411764706}},
    {"one value a sample, all equal", "iou: {average: per_class}", {0.0, 0.6}},
    {"one value a sample, all equal", "precision: {average: binary}", {0.6}},
    {"one value a sample, all equal", "recall: {average: binary}", {1.0}},
    {"one value a sample, all equal", "f_beta: {average: binary}", {0.75}},
    {"one value a sample, all equal", "f_beta: {beta: 2, average: binary}", {0.8823529411764706}},
    {"one value a sample, all equal", "iou: {average: binary}", {0.6}},
    {"one value a sample, all equal", "mcc", {0.0}},
    {"one value a sample, all equal", "cohen_kappa: {weights: none}", {0.0}},
    {"one value a sample, all equal", "cohen_kappa: {weights: linear}", {0.0}},
    {"one value a sample, all equal", "cohen_kappa: {weights: quadratic}", {0.0}},
    {"one value a sample, all equal", "roc_auc: {average: per_class}", {0.5, 0.5}},
    {"one value a sample, all equal", "roc_auc", {0.5}},
    {"one value a sample, all equal", "average_precision: {average: per_class}", {0.4, 0.6}},
    {"one value a sample, all equal", "average_precision", {0.6}},
    {"one value a sample, all equal", "calibration_error: {bins: 7, norm: l1}", {0.13105857863000503}},
    {"one value a sample, all equal", "calibration_error: {bins: 7, norm: l2}", {0.13105857863000503}},
    {"one value a sample, all equal", "calibration_error: {bins: 7, norm: max}", {0.13105857863000503}},
    {"one value a sample, all targets 1", "precision: {average: macro}", {0.5}},
    {"one value a sample, all targets 1", "recall: {average: macro}", {0.25}},
    {"one value a sample, all targets 1", "f_beta: {average: macro}", {0.3333333333333333}},
    {"one value a sample, all targets 1", "f_beta: {beta: 2, average: macro}", {0.2777777777777778}},
    {"one value a sample, all targets 1", "iou: {average: macro}", {0.25}},
    {"one value a sample, all targets 1", "precision: {average: micro}", {0.5}},
    {"one value a sample, all targets 1", "recall: {average: micro}", {0.5}},
    {"one value a sample, all targets 1", "f_beta: {average: micro}", {0.5}},
    {"one value a sample, all targets 1", "f_beta: {beta: 2, average: micro}", {0.5}},
    {"one value a sample, all targets 1", "iou: {average: micro}", {0.3333333333333333}},
    {"one value a sample, all targets 1", "precision: {average: weighted}", {1.0}},
    {"one value a sample, all targets 1", "recall: {average: weighted}", {0.5}},
    {"one value a sample, all targets 1", "f_beta: {average: weighted}", {0.6666666666666666}},
    {"one value a sample, all targets 1", "f_beta: {beta: 2, average: weighted}", {0.5555555555555556}},
    {"one value a sample, all targets 1", "iou: {average: weighted}", {0.5}},
    {"one value a sample, all targets 1", "precision: {average: per_class}", {0.0, 1.0}},
    {"one value a sample, all targets 1", "recall: {average: per_class}", {0.0, 0.5}},
    {"one value a sample, all targets 1", "f_beta: {average: per_class}", {0.0, 0.6666666666666666}},
    {"one value a sample, all targets 1", "f_beta: {beta: 2, average: per_class}", {0.0, 0.5555555555555556}},
    {"one value a sample, all targets 1", "iou: {average: per_class}", {0.0, 0.5}},
    {"one value a sample, all targets 1", "precision: {average: binary}", {1.0}},
    {"one value a sample, all targets 1", "recall: {average: binary}", {0.5}},
    {"one value a sample, all targets 1", "f_beta: {average: binary}", {0.6666666666666666}},
    {"one value a sample, all targets 1", "f_beta: {beta: 2, average: binary}", {0.5555555555555556}},
    {"one value a sample, all targets 1", "iou: {average: binary}", {0.5}},
    {"one value a sample, all targets 1", "mcc", {0.0}},
    {"one value a sample, all targets 1", "cohen_kappa: {weights: none}", {0.0}},
    {"one value a sample, all targets 1", "cohen_kappa: {weights: linear}", {0.0}},
    {"one value a sample, all targets 1", "cohen_kappa: {weights: quadratic}", {0.0}},
    {"one value a sample, all targets 1", "roc_auc: {average: per_class}", {none, none}},
    {"one value a sample, all targets 1", "roc_auc", {none}},
    {"one value a sample, all targets 1", "average_precision: {average: per_class}", {none, 0.9999999999999999}},
    {"one value a sample, all targets 1", "average_precision", {0.9999999999999999}},
    {"one value a sample, all targets 1", "calibration_error: {bins: 7, norm: l1}", {0.270713036388213}},
    {"one value a sample, all targets 1", "calibration_error: {bins: 7, norm: l2}", {0.41775612991794525}},
    {"one value a sample, all targets 1", "calibration_error: {bins: 7, norm: max}", {0.8807970779778823}},
    {"three labels beside each other", "precision: {average: macro}", {0.37777777777777777}},
    {"three labels beside each other", "recall: {average: macro}", {0.37433862433862436}},
    {"three labels beside each other", "f_beta: {average: macro}", {0.3717393717393717}},
    {"three labels beside each other", "f_beta: {beta: 2, average: macro}", {0.3721546089700248}},
    {"three labels beside each other", "iou: {average: macro}", {0.231062951496388}},
    {"three labels beside each other", "precision: {average: micro}", {0.38235294117647056}},
    {"three labels beside each other", "recall: {average: micro}", {0.37142857142857144}},
    {"three labels beside each other", "f_beta: {average: micro}", {0.37681159420289856}},
    {"three labels beside each other", "f_beta: {beta: 2, average: micro}", {0.3735632183908046}},
    {"three labels beside each other", "iou: {average: micro}", {0.23214285714285715}},
    {"three labels beside each other", "precision: {average: weighted}", {0.38857142857142857}},
    {"three labels beside each other", "recall: {average: weighted}", {0.37142857142857144}},
    {"three labels beside each other", "f_beta: {average: weighted}", {0.3760810617953475}},
    {"three labels beside each other", "f_beta: {beta: 2, average: weighted}", {0.3722833961170675}},
    {"three labels beside each other", "iou: {average: weighted}", {0.23463954002653692}},
    {"three labels beside each other", "precision: {average: per_class}", {0.3, 0.3333333333333333, 0.5}},
    {"three labels beside each other", "recall: {average: per_class}", {0.25, 0.4444444444444444, 0.42857142857142855}},
    {"three labels beside each other",
     "f_beta: {average: per_class}",
     {0.2727272727272727, 0.38095238095238093, 0.46153846153846156}},
    {"three labels beside each other",
     "f_beta: {beta: 2, average: per_class}",
     {0.25862068965517243, 0.4166666666666667, 0.4411764705882353}},
    {"three labels beside each other", "iou: {average: per_class}", {0.15789473684210525, 0.23529411764705882, 0.3}},
    {"three labels beside each other",
     "roc_auc: {average: per_class}",
     {0.3773148148148149, 0.5105820105820106, 0.46651785714285715}},
    {"three labels beside each other", "roc_auc", {0.45147156084656087}},
    {"three labels beside each other", "roc_auc: {average: weighted}", {0.44726473922902493}},
    {"three labels beside each other",
     "average_precision: {average: per_class}",
     {0.3866605616605617, 0.36399944660814226, 0.5575510204081633}},
    {"three labels beside each other", "average_precision", {0.436070342892289}},
    {"three labels beside each other", "average_precision: {average: weighted}", {0.4491896012889802}},
    {"three labels beside each other", "calibration_error: {bins: 7, norm: l1}", {0.21389867230377793}},
    {"three labels beside each other", "calibration_error: {bins: 7, norm: l2}", {0.27603758099836323}},
    {"three labels beside each other", "calibration_error: {bins: 7, norm: max}", {0.5474637446445489}},
    {"numbers", "r2", {-1.045103859090489}},
    {"numbers", "mae", {1.4284020709991454}},
    {"numbers", "pearson", {-0.0018491186368821567}},
    {"numbers", "spearman", {-0.008691476590636255}},
    {"numbers with ties", "r2", {-1.0796324655436447}},
    {"numbers with ties", "mae", {1.59}},
    {"numbers with ties", "pearson", {-0.14570199351439375}},
    {"numbers with ties", "spearman", {-0.15326905398343915}},
    {"two numbers a sample", "r2", {0.577460271137087}},
    {"two numbers a sample", "mae", {0.8526670098304748}},
    {"two numbers a sample", "pearson", {0.7742310148419251}},
    {"two numbers a sample", "spearman", {0.7730769230769232}},
    {"targets that do not vary", "r2", {0.0}},
    {"targets that do not vary", "mae", {1.4938328981399536}},
    {"targets that do not vary", "pearson", {none}},
    {"targets that do not vary", "spearman", {none}},
    {"numbers far from 0", "r2", {0.4638142305869609}},
    {"numbers far from 0", "mae", {1.1}},
    {"numbers far from 0", "pearson", {0.6868109376445849}},
    {"numbers far from 0", "spearman", {0.7091906153384727}},
};

// A linear congruential generator (Numerical Recipes, 7.1).
class Random {
 public:
  explicit Random(uint32_t seed) : state_(seed) {}
  double next() {
    state_ = state_ * 1664525u + 1013904223u;
    return static_cast<double>(state_ >> 8) / (1 << 24);
  }
  // From -2 to 2, at multiples of `step`; 0: anywhere.
  Numbers scores(size_t count, double step) {
    Numbers values;
    for (size_t i = 0; i < count; ++i) {
      const double value = next() * 4 - 2;
      values.push_back(static_cast<float>(step > 0 ? std::floor(value / step) * step : value));
    }
    return values;
  }
  Numbers labels(size_t count, int first, int last) {
    Numbers values;
    for (size_t i = 0; i < count; ++i)
      values.push_back(static_cast<float>(first + static_cast<int>(next() * (last - first + 1))));
    return values;
  }

 private:
  uint32_t state_;
};

struct Inputs {
  std::string loss;
  int64_t columns;
  bool one_target = true;  // for each sample, else one for each column
  Numbers x, y;
};

std::map<std::string, Inputs> all_inputs() {
  std::map<std::string, Inputs> all;
  const auto classes = [&](const char* name, uint32_t seed, const char* loss, int64_t rows, int64_t columns,
                           double step, int first, int last) {
    Random random(seed);
    const Numbers x = random.scores(static_cast<size_t>(rows * columns), step);
    all[name] = {loss, columns, true, x, random.labels(static_cast<size_t>(rows), first, last)};
  };
  classes("three classes", 1, "cross_entropy", 60, 3, 0, 0, 2);
  classes("a class that never occurs", 2, "cross_entropy", 40, 4, 0, 0, 2);
  classes("targets of one class", 3, "cross_entropy", 20, 3, 0, 1, 1);
  classes("two values a sample", 4, "cross_entropy", 50, 2, 0.25, 0, 1);
  classes("one value a sample, with ties", 5, "bce_with_logits", 80, 1, 0.25, 0, 1);
  classes("one value a sample, all targets 1", 7, "bce_with_logits", 12, 1, 0.25, 1, 1);
  all["one value a sample, all equal"] = {"bce_with_logits", 1, true, Numbers(10, 1.0f), Random(6).labels(10, 0, 1)};
  Random eight(8);
  Inputs& labels = all["three labels beside each other"] = {"bce_with_logits", 3, false, eight.scores(90, 0.25), {}};
  for (int i = 0; i < 90; ++i) labels.y.push_back(eight.next() < 0.4 ? 1 : 0);
  const auto numbers = [&](const char* name, uint32_t seed, size_t rows, int64_t columns, double step) -> Inputs& {
    Random random(seed);
    const Numbers x = random.scores(rows * static_cast<size_t>(columns), step);
    return all[name] = {"mse", columns, false, x, random.scores(rows * static_cast<size_t>(columns), step)};
  };
  numbers("numbers", 9, 50, 1, 0);
  numbers("numbers with ties", 10, 50, 1, 0.5);
  Inputs& two = numbers("two numbers a sample", 11, 40, 2, 0);
  for (size_t i = 0; i < two.y.size(); ++i) two.y[i] += two.x[i];
  numbers("targets that do not vary", 12, 10, 1, 0).y.assign(10, 1.0f);
  Inputs& far = numbers("numbers far from 0", 13, 40, 1, 0.25);
  for (size_t i = 0; i < far.y.size(); ++i) {
    far.x[i] += 100000;
    far.y[i] += far.x[i];
  }
  return all;
}

// Over two batches of one shape.
std::vector<double> figures(const std::string& yaml, const Inputs& in, const std::string& device) {
  const auto rows = static_cast<int64_t>(in.x.size()) / in.columns / 2;
  const bool classes = in.loss != "mse";
  const int64_t targets = in.one_target ? 1 : in.columns;
  const Type x{DType::f32, {rows, in.columns}};
  const Type y{classes ? DType::i32 : DType::f32, in.one_target ? Shape{rows} : Shape{rows, targets}};
  MeasuredMetric metric(yaml, in.loss, x, y, {}, device);
  const auto middle_x = in.x.begin() + rows * in.columns, middle_y = in.y.begin() + rows * targets;
  metric.add({in.x.begin(), middle_x}, {in.y.begin(), middle_y});
  metric.add({middle_x, in.x.end()}, {middle_y, in.y.end()});
  return metric.figures();
}

}  // namespace

TEST_CASE("metrics say what scikit-learn and SciPy say") {
  const std::map<std::string, Inputs> inputs = all_inputs();
  for (const std::string& device : devices()) {
    for (const Row& row : table) {
      CAPTURE(device);
      CAPTURE(row.input);
      CAPTURE(row.yaml);
      const std::vector<double> found = figures(row.yaml, inputs.at(row.input), device);
      REQUIRE(found.size() == row.figures.size());
      for (size_t i = 0; i < found.size(); ++i) {
        CAPTURE(i);
        CHECK(std::isnan(found[i]) == std::isnan(row.figures[i]));
        if (!std::isnan(found[i])) CHECK(found[i] == doctest::Approx(row.figures[i]).epsilon(1e-6));
      }
    }
  }
}
