"""Turns the int8 Kokoro graph back into plain float32 ONNX operators, and cuts graphs at named tensors.

The published int8 file holds weights that were quantised once (int8 or uint8 with a scale) and activations that are quantised
anew in every run (DynamicQuantizeLinear). Multiplying the weights by their scale gives an ordinary float32 network that any
runtime fuses well, that needs no integer kernels and that loses nothing: the rounding of the activations is gone.
"""

import numpy as np
import onnx
from onnx import helper, numpy_helper

MICROSOFT = "com.microsoft"


class Graph:
    """An ONNX graph as lists that can be edited: nodes, constants by name, who makes and who reads a tensor."""

    def __init__(self, model):
        self.opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
        self.nodes = list(model.graph.node)
        self.gone = []
        self.inputs = {i.name: i for i in model.graph.input}
        self.outputs = {o.name: o for o in model.graph.output}
        self.constants = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
        for node in [n for n in self.nodes if n.op_type == "Constant"]:
            self.constants[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
            self.nodes.remove(node)
        self.index()

    def index(self):
        gone = {id(n) for n in self.gone}
        self.nodes = [n for n in self.nodes if id(n) not in gone]
        self.gone = []
        self.maker = {out: node for node in self.nodes for out in node.output if out}
        self.readers = {}
        for node in self.nodes:
            for name in node.input:
                self.readers.setdefault(name, []).append(node)

    def only_reader(self, tensor, op_type):
        readers = self.readers.get(tensor, [])
        if len(readers) != 1 or readers[0].op_type != op_type:
            raise ValueError(f"{tensor}: expected one {op_type} after it, found {[r.op_type for r in readers]}")
        return readers[0]

    def constant(self, name, value):
        """Adds a constant; the twelve layers of ALBERT share their weights, so the same one may come again."""
        value = np.asarray(value)
        if name in self.constants and not np.array_equal(self.constants[name], value):
            raise ValueError(f"{name}: the same weights are used with two scales")
        self.constants[name] = value
        return name

    def replace(self, gone, added):
        """Drops some nodes and adds others; takes effect with `index`. The order of nodes is mended when cutting."""
        self.gone.extend(gone)
        self.nodes.extend(added)

    def model(self, inputs, outputs):
        """The part of the graph that leads from `inputs` to `outputs`: lists of (tensor, element type, shape)."""
        self.index()
        given = {name for name, _, _ in inputs}
        ordered, seen, used = [], set(), set()

        def visit(tensor):
            stack = [(tensor, False)]
            while stack:
                name, ready = stack.pop()
                if not name or name in given:
                    continue
                if name in self.constants:
                    used.add(name)
                    continue
                node = self.maker.get(name)
                if node is None:
                    raise ValueError(f"{name}: nothing makes this tensor; it is missing among the inputs of the cut")
                if ready:
                    if id(node) not in seen:
                        seen.add(id(node))
                        ordered.append(node)
                elif id(node) not in seen:
                    stack.append((name, True))
                    stack.extend((i, False) for i in node.input)

        for name, _, _ in outputs:
            visit(name)
        graph = helper.make_graph(
            ordered,
            "kokoro",
            [helper.make_tensor_value_info(*i) for i in inputs],
            [helper.make_tensor_value_info(*o) for o in outputs],
            [numpy_helper.from_array(self.constants[n].copy(order="C"), n) for n in sorted(used)],
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=9)


def attributes(node):
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


def to_float32(graph):
    """Replaces every quantised operator and every contrib operator of the int8 file, in place."""
    for node in list(graph.nodes):
        if node.op_type == "MatMulInteger":
            _matmul(graph, node)
        elif node.op_type == "ConvInteger":
            _convolution(graph, node)
        elif node.op_type == "DynamicQuantizeLSTM":
            _lstm(graph, node)
        elif node.op_type == "DequantizeLinear":
            _embedding(graph, node)
        elif node.op_type == "FastGelu":
            _fast_gelu(graph, node)
        elif node.op_type == "SkipLayerNormalization":
            _skip_layer_normalization(graph, node)
        elif node.op_type == "FusedMatMul":
            _fused_matmul(graph, node)
    graph.index()
    left = sorted({n.op_type for n in graph.nodes if n.domain == MICROSOFT or "Integer" in n.op_type})
    if left:
        raise ValueError(f"these operators are not known to this converter: {left}")


def _dequantised(graph, weights, zero_point):
    values = graph.constants[weights].astype(np.float32)
    return values - graph.constants[zero_point].astype(np.float32) if zero_point else values


def _matmul(graph, node):
    # x → DynamicQuantizeLinear → MatMulInteger → Cast → × (scale of x × scale of the weights)
    source = graph.maker[node.input[0]].input[0]
    cast = graph.only_reader(node.output[0], "Cast")
    scaled = graph.only_reader(cast.output[0], "Mul")
    scales = graph.maker[scaled.input[1]]
    scale = next(graph.constants[i] for i in scales.input if i in graph.constants)
    weights = _dequantised(graph, node.input[1], node.input[3]) * scale.astype(np.float32)
    name = graph.constant(node.input[1] + "/float", weights)
    graph.replace([node, cast, scaled], [helper.make_node("MatMul", [source, name], list(scaled.output), node.name)])


def _convolution(graph, node):
    # … → ConvInteger → [+ rounded bias] → Cast → × scale; the bias that was rounded is still there as float32
    source = graph.maker[node.input[0]].input[0]
    gone = [node]
    bias = None
    reader = graph.readers[node.output[0]][0]
    if reader.op_type == "Add":
        gone.append(reader)
        reshape = graph.maker[next(i for i in reader.input if i != node.output[0])]
        rounded = graph.maker[graph.maker[graph.maker[reshape.input[0]].input[0]].input[0]]
        if rounded.op_type != "Div":
            raise ValueError(f"{node.name}: its bias is not made in the way this converter knows")
        bias = rounded.input[0]
        reader = graph.only_reader(reader.output[0], "Cast")
    scaled = graph.only_reader(reader.output[0], "Mul")
    scales = graph.maker[next(i for i in scaled.input if i != reader.output[0])]
    scale = next(graph.constants[i] for i in scales.input if i in graph.constants).astype(np.float32)
    weights = _dequantised(graph, node.input[1], node.input[3])
    weights = weights * (scale.reshape(-1, *[1] * (weights.ndim - 1)) if scale.size > 1 else scale)
    name = graph.constant(node.input[1] + "/float", weights)
    inputs = [source, name] + ([bias] if bias else [])
    convolution = helper.make_node("Conv", inputs, list(scaled.output), node.name)
    convolution.attribute.extend(node.attribute)
    graph.replace(gone + [reader, scaled], [convolution])


def _lstm(graph, node):
    # inputs: X W R B sequence_lens initial_h initial_c P W_scale W_zero R_scale R_zero; W [directions, inputs, 4 hidden]
    x, w, r, bias, lengths, h, c, peepholes, w_scale, w_zero, r_scale, r_zero = list(node.input)
    names = []
    for weights, scale, zero in ((w, w_scale, w_zero), (r, r_scale, r_zero)):
        values = graph.constants[weights].astype(np.float32)
        shape = (values.shape[0], 1, -1)
        zeros = graph.constants[zero].astype(np.float32).reshape(shape)
        values = (values - zeros) * graph.constants[scale].astype(np.float32).reshape(shape)
        names.append(graph.constant(weights + "/float", values.transpose(0, 2, 1)))
    lstm = helper.make_node("LSTM", [x, *names, bias, lengths, h, c, peepholes], list(node.output), node.name)
    lstm.attribute.extend(a for a in node.attribute if a.name in ("direction", "hidden_size", "input_forget"))
    graph.replace([node], [lstm])


def _embedding(graph, node):
    gather = graph.maker[node.input[0]]
    if gather.op_type != "Gather":
        raise ValueError(f"{node.name}: expected an embedding table before it")
    table = (graph.constants[gather.input[0]].astype(np.float32) - graph.constants[node.input[2]].astype(np.float32))
    name = graph.constant(gather.input[0] + "/float", table * graph.constants[node.input[1]].astype(np.float32))
    found = helper.make_node("Gather", [name, gather.input[1]], list(node.output), gather.name)
    found.attribute.extend(gather.attribute)
    graph.replace([gather, node], [found])


def _fast_gelu(graph, node):
    # 0.5 y (1 + tanh(y (0.7978845608 + 0.0356774081 y²))), y = x + bias
    base = node.output[0]
    y, added = node.input[0], []
    if len(node.input) > 1:
        y = base + "/y"
        added.append(helper.make_node("Add", [node.input[0], node.input[1]], [y]))
    added.append(helper.make_node("Gelu", [y], [base], approximate="tanh"))
    graph.replace([node], added)


def _skip_layer_normalization(graph, node):
    if len(node.input) > 4 and node.input[4] or len([o for o in node.output if o]) > 1:
        raise ValueError(f"{node.name}: has a bias or extra outputs, which this converter does not know")
    total = node.output[0] + "/sum"
    added = helper.make_node("Add", list(node.input[:2]), [total])
    epsilon = attributes(node).get("epsilon", 1e-12)
    normal = helper.make_node("LayerNormalization", [total, *node.input[2:4]], [node.output[0]], axis=-1, epsilon=epsilon)
    graph.replace([node], [added, normal])


def _fused_matmul(graph, node):
    given = attributes(node)
    if given.get("alpha", 1.0) != 1.0 or given.get("transB") or given.get("transBatchA") or given.get("transBatchB"):
        raise ValueError(f"{node.name}: a kind of FusedMatMul this converter does not know")
    left, added = node.input[0], []
    if given.get("transA"):
        left = node.output[0] + "/transposed"
        added.append(helper.make_node("Transpose", [node.input[0]], [left], perm=[0, 2, 1]))
    added.append(helper.make_node("MatMul", [left, node.input[1]], list(node.output)))
    graph.replace([node], added)
