//! The messages of `onnx.proto` used in exported models, reduced to the fields that are set.

use super::wire::{Fields, Message};

/// `TensorProto.DataType`: the type of a tensor's elements.
#[derive(Debug, Clone, Copy)]
pub(super) enum DataType {
    Float = 1,
    Int64 = 7,
    Double = 11,
}

/// The file.
#[derive(Debug)]
pub(super) struct ModelProto {
    pub(super) ir_version: i64,
    /// Domains and versions of operators.
    pub(super) opset_import: Vec<OperatorSetIdProto>,
    pub(super) producer_name: String,
    pub(super) producer_version: String,
    pub(super) graph: GraphProto,
    pub(super) metadata_props: Vec<StringStringEntryProto>,
}

impl Message for ModelProto {
    fn write(&self, fields: &mut Fields) {
        fields.whole(1, self.ir_version);
        fields.text(2, &self.producer_name);
        fields.text(3, &self.producer_version);
        fields.message(7, &self.graph);
        fields.messages(8, &self.opset_import);
        fields.messages(14, &self.metadata_props);
    }
}

/// An operator domain and its version.
#[derive(Debug)]
pub(super) struct OperatorSetIdProto {
    pub(super) domain: &'static str,
    pub(super) version: i64,
}

impl Message for OperatorSetIdProto {
    fn write(&self, fields: &mut Fields) {
        fields.text(1, self.domain);
        fields.whole(2, self.version);
    }
}

/// A key-value pair of strings.
#[derive(Debug)]
pub(super) struct StringStringEntryProto {
    pub(super) key: &'static str,
    pub(super) value: String,
}

impl Message for StringStringEntryProto {
    fn write(&self, fields: &mut Fields) {
        fields.text(1, self.key);
        fields.text(2, &self.value);
    }
}

/// A graph; its nodes are in topological order.
#[derive(Debug, Default)]
pub(super) struct GraphProto {
    pub(super) node: Vec<NodeProto>,
    pub(super) name: String,
    pub(super) initializer: Vec<TensorProto>,
    pub(super) input: Vec<ValueInfoProto>,
    pub(super) output: Vec<ValueInfoProto>,
}

impl Message for GraphProto {
    fn write(&self, fields: &mut Fields) {
        fields.messages(1, &self.node);
        fields.text(2, &self.name);
        fields.messages(5, &self.initializer);
        fields.messages(11, &self.input);
        fields.messages(12, &self.output);
    }
}

/// An operator with its inputs and output by name.
#[derive(Debug)]
pub(super) struct NodeProto {
    pub(super) input: Vec<String>,
    pub(super) output: String,
    pub(super) op_type: &'static str,
    pub(super) attribute: Vec<AttributeProto>,
    pub(super) domain: &'static str,
}

impl Message for NodeProto {
    fn write(&self, fields: &mut Fields) {
        fields.texts(1, &self.input);
        fields.text(2, &self.output);
        fields.text(4, self.op_type);
        fields.messages(5, &self.attribute);
        fields.text(7, self.domain);
    }
}

/// An attribute of an operator.
#[derive(Debug)]
pub(super) struct AttributeProto {
    pub(super) name: &'static str,
    pub(super) value: AttributeValue,
}

/// The attribute types in use.
#[derive(Debug)]
pub(super) enum AttributeValue {
    Int(i64),
    String(&'static str),
    Floats(Vec<f32>),
    Ints(Vec<i64>),
    Strings(Vec<&'static str>),
}

impl Message for AttributeProto {
    /// The last field, `type`, tells which of the value fields is set.
    fn write(&self, fields: &mut Fields) {
        fields.text(1, self.name);
        let kind = match &self.value {
            AttributeValue::Int(value) => {
                fields.whole(3, *value);
                2
            }
            AttributeValue::String(value) => {
                fields.text(4, value);
                3
            }
            AttributeValue::Floats(values) => {
                fields.floats(7, values);
                6
            }
            AttributeValue::Ints(values) => {
                fields.wholes(8, values);
                7
            }
            AttributeValue::Strings(values) => {
                for value in values {
                    fields.text(9, value);
                }
                8
            }
        };
        fields.whole(20, kind);
    }
}

/// Numbers with a shape.
#[derive(Debug)]
pub(super) struct TensorProto {
    pub(super) name: String,
    pub(super) dims: Vec<i64>,
    pub(super) elements: Elements,
}

/// The numbers of a tensor.
#[derive(Debug)]
pub(super) enum Elements {
    Int64(Vec<i64>),
    Double(Vec<f64>),
}

impl Message for TensorProto {
    fn write(&self, fields: &mut Fields) {
        fields.wholes(1, &self.dims);
        match &self.elements {
            Elements::Int64(values) => {
                fields.whole(2, DataType::Int64 as i64);
                fields.wholes(7, values);
            }
            Elements::Double(values) => {
                fields.whole(2, DataType::Double as i64);
                fields.doubles(10, values);
            }
        }
        fields.text(8, &self.name);
    }
}

/// An input or output of the graph: a tensor with its element type and shape.
#[derive(Debug)]
pub(super) struct ValueInfoProto {
    pub(super) name: &'static str,
    pub(super) elements: DataType,
    pub(super) shape: Vec<Dimension>,
}

impl Message for ValueInfoProto {
    fn write(&self, fields: &mut Fields) {
        fields.text(1, self.name);
        fields.message(2, &Type(self));
    }
}

/// `TypeProto`, always with `tensor_type`.
struct Type<'a>(&'a ValueInfoProto);

impl Message for Type<'_> {
    fn write(&self, fields: &mut Fields) {
        fields.message(1, &Tensor(self.0));
    }
}

/// `TypeProto.Tensor`.
struct Tensor<'a>(&'a ValueInfoProto);

impl Message for Tensor<'_> {
    fn write(&self, fields: &mut Fields) {
        fields.whole(1, self.0.elements as i64);
        fields.message(2, &Shape(&self.0.shape));
    }
}

/// `TensorShapeProto`.
struct Shape<'a>(&'a [Dimension]);

impl Message for Shape<'_> {
    fn write(&self, fields: &mut Fields) {
        fields.messages(1, self.0);
    }
}

/// `TensorShapeProto.Dimension`.
#[derive(Debug)]
pub(super) enum Dimension {
    Value(usize),
    /// Determined at run time; equal for all dimensions of this name.
    Param(&'static str),
}

impl Message for Dimension {
    fn write(&self, fields: &mut Fields) {
        match self {
            Self::Value(value) => fields.whole(1, *value as i64),
            Self::Param(name) => fields.text(2, name),
        }
    }
}
