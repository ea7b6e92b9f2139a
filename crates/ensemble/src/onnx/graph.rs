//! Graph construction. Values are referred to by generated names.

use super::wire::Message;

/// `TensorProto.DataType`: the type of a tensor's elements.
#[derive(Debug, Clone, Copy)]
pub(super) enum DataType {
    Float = 1,
    Int64 = 7,
    Double = 11,
}

/// The value of an operator's attribute.
#[derive(Debug)]
pub(super) enum Attribute {
    Int(i64),
    String(&'static str),
    Floats(Vec<f32>),
    Ints(Vec<i64>),
    Strings(Vec<&'static str>),
}

/// A named attribute of an operator.
pub(super) type NamedAttribute = (&'static str, Attribute);

/// A graph under construction: the repeated fields of `GraphProto`, encoded as they are added.
#[derive(Debug)]
pub(super) struct Graph {
    /// In topological order, because operators are applied to existing values only.
    nodes: Message,
    node_count: usize,
    constants: Message,
    constant_count: usize,
    inputs: Message,
    outputs: Message,
}

impl Graph {
    pub(super) fn new() -> Self {
        Self {
            nodes: Message::new(),
            node_count: 0,
            constants: Message::new(),
            constant_count: 0,
            inputs: Message::new(),
            outputs: Message::new(),
        }
    }

    /// The encoded `GraphProto`, in the order of its field numbers.
    pub(super) fn finish(self, name: &str) -> Vec<u8> {
        let mut named = Message::new();
        named.text(2, name);
        [self.nodes, named, self.constants, self.inputs, self.outputs]
            .map(Message::into_bytes)
            .concat()
    }

    /// Declares the input: rows of `columns` values.
    pub(super) fn input(&mut self, name: &str, elements: DataType, columns: usize) {
        value_info(&mut self.inputs, 11, (name, elements, Some(columns)));
    }

    /// Declares an output: `value` cast to a type, with `columns` columns, or one number per row without.
    pub(super) fn output(
        &mut self,
        name: &str,
        elements: DataType,
        (value, columns): (&str, Option<usize>),
    ) {
        self.push(("Cast", ""), &[value], (name, &[to(elements)]));
        value_info(&mut self.outputs, 12, (name, elements, columns));
    }

    /// The result of a standard operator without attributes.
    pub(super) fn apply(&mut self, operator: &str, inputs: &[&str]) -> String {
        self.apply_with((operator, ""), inputs, &[])
    }

    /// The result of an operator, given by name and domain.
    pub(super) fn apply_with(
        &mut self,
        operator: (&str, &str),
        inputs: &[&str],
        attributes: &[NamedAttribute],
    ) -> String {
        let name = format!("v{}", self.node_count);
        self.push(operator, inputs, (&name, attributes));
        name
    }

    /// Casts to double precision.
    pub(super) fn double(&mut self, value: &str) -> String {
        self.apply_with(("Cast", ""), &[value], &[to(DataType::Double)])
    }

    /// The elementwise sum of values of equal shape.
    pub(super) fn sum(&mut self, values: &[String]) -> String {
        let values: Vec<_> = values.iter().map(String::as_str).collect();
        self.apply("Sum", &values)
    }

    /// Concatenates columns side by side.
    pub(super) fn concatenate(&mut self, columns: &[String]) -> String {
        let columns: Vec<_> = columns.iter().map(String::as_str).collect();
        self.apply_with(("Concat", ""), &columns, &[("axis", Attribute::Int(1))])
    }

    /// Removes the second dimension of a single column.
    pub(super) fn squeeze(&mut self, column: &str) -> String {
        let axes = self.constant(&[1], DataType::Int64, |tensor| tensor.wholes(7, &[1]));
        self.apply("Squeeze", &[column, &axes])
    }

    /// A constant for all rows.
    pub(super) fn scalar(&mut self, value: f64) -> String {
        self.row(&[value])
    }

    /// A constant row vector.
    pub(super) fn row(&mut self, values: &[f64]) -> String {
        self.doubles(&[1, values.len() as i64], values)
    }

    /// A constant column vector, the right operand of a matrix product.
    pub(super) fn column(&mut self, values: &[f64]) -> String {
        self.doubles(&[values.len() as i64, 1], values)
    }

    fn doubles(&mut self, dims: &[i64], values: &[f64]) -> String {
        self.constant(dims, DataType::Double, |tensor| tensor.doubles(10, values))
    }

    /// Adds a `TensorProto`, whose elements `write` adds.
    fn constant(
        &mut self,
        dims: &[i64],
        elements: DataType,
        write: impl FnOnce(&mut Message),
    ) -> String {
        let name = format!("c{}", self.constant_count);
        self.constant_count += 1;
        self.constants.message(5, |tensor| {
            tensor.wholes(1, dims);
            tensor.whole(2, elements as i64);
            write(tensor);
            tensor.text(8, &name);
        });
        name
    }

    /// Adds a `NodeProto`: an operator with its inputs and output by name.
    fn push(
        &mut self,
        (operator, domain): (&str, &str),
        inputs: &[&str],
        (output, attributes): (&str, &[NamedAttribute]),
    ) {
        self.node_count += 1;
        self.nodes.message(1, |node| {
            for input in inputs {
                node.text(1, input);
            }
            node.text(2, output);
            node.text(4, operator);
            for (name, value) in attributes {
                node.message(5, |attribute| value.write(name, attribute));
            }
            node.text(7, domain);
        });
    }
}

impl Attribute {
    /// Writes an `AttributeProto`; its last field, `type`, tells which of the value fields is set.
    fn write(&self, name: &str, attribute: &mut Message) {
        attribute.text(1, name);
        let value_type = match self {
            Self::Int(value) => {
                attribute.whole(3, *value);
                2
            }
            Self::String(value) => {
                attribute.text(4, value);
                3
            }
            Self::Floats(values) => {
                attribute.floats(7, values);
                6
            }
            Self::Ints(values) => {
                attribute.wholes(8, values);
                7
            }
            Self::Strings(values) => {
                for value in values {
                    attribute.text(9, value);
                }
                8
            }
        };
        attribute.whole(20, value_type);
    }
}

/// Adds a `ValueInfoProto`: a tensor with a variable number of rows, and with or without columns.
fn value_info(
    message: &mut Message,
    field: u32,
    (name, elements, columns): (&str, DataType, Option<usize>),
) {
    message.message(field, |info| {
        info.text(1, name);
        // TypeProto, TypeProto.Tensor, TensorShapeProto, and its dimensions.
        info.message(2, |value_type| {
            value_type.message(1, |tensor| {
                tensor.whole(1, elements as i64);
                tensor.message(2, |shape| {
                    // Sizes with the same name are equal at run time.
                    shape.message(1, |rows| rows.text(2, "N"));
                    if let Some(columns) = columns {
                        shape.message(1, |size| size.whole(1, columns as i64));
                    }
                });
            });
        });
    });
}

/// The target type of a cast.
fn to(elements: DataType) -> NamedAttribute {
    ("to", Attribute::Int(elements as i64))
}
