//! Graph construction. Values are referred to by generated names.

use super::proto::{
    AttributeProto, AttributeValue, DataType, Dimension, Elements, GraphProto, NodeProto,
    TensorProto, ValueInfoProto,
};

/// A graph under construction.
#[derive(Debug, Default)]
pub(super) struct Graph(GraphProto);

impl Graph {
    /// The finished graph.
    pub(super) fn finish(self, name: &str) -> GraphProto {
        GraphProto {
            name: name.to_owned(),
            ..self.0
        }
    }

    /// Declares the input: rows of `columns` values.
    pub(super) fn input(&mut self, name: &'static str, elements: DataType, columns: usize) {
        let shape = vec![rows(), Dimension::Value(columns)];
        self.0.input.push(ValueInfoProto {
            name,
            elements,
            shape,
        });
    }

    /// Declares an output: `value` cast to a type, with `columns` columns, or one number per row without.
    pub(super) fn output(
        &mut self,
        name: &'static str,
        elements: DataType,
        (value, columns): (&str, Option<usize>),
    ) {
        self.push(("Cast", ""), &[value], (name, vec![to(elements)]));
        let columns = columns.map(Dimension::Value);
        self.0.output.push(ValueInfoProto {
            name,
            elements,
            shape: std::iter::once(rows()).chain(columns).collect(),
        });
    }

    /// The result of a standard operator without attributes.
    pub(super) fn apply(&mut self, operator: &'static str, inputs: &[&str]) -> String {
        self.apply_with((operator, ""), inputs, Vec::new())
    }

    /// The result of an operator of any domain.
    pub(super) fn apply_with(
        &mut self,
        operator: (&'static str, &'static str),
        inputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) -> String {
        let name = format!("v{}", self.0.node.len());
        self.push(operator, inputs, (&name, attributes));
        name
    }

    /// Casts to double precision.
    pub(super) fn double(&mut self, value: &str) -> String {
        self.apply_with(("Cast", ""), &[value], vec![to(DataType::Double)])
    }

    /// The elementwise sum of values of equal shape.
    pub(super) fn sum(&mut self, values: &[String]) -> String {
        let values: Vec<_> = values.iter().map(String::as_str).collect();
        self.apply("Sum", &values)
    }

    /// Concatenates columns side by side.
    pub(super) fn concatenate(&mut self, columns: &[String]) -> String {
        let columns: Vec<_> = columns.iter().map(String::as_str).collect();
        self.apply_with(("Concat", ""), &columns, vec![whole("axis", 1)])
    }

    /// Removes the second dimension of a single column.
    pub(super) fn squeeze(&mut self, column: &str) -> String {
        let axes = self.constant(vec![1], Elements::Int64(vec![1]));
        self.apply("Squeeze", &[column, &axes])
    }

    /// A constant for all rows.
    pub(super) fn scalar(&mut self, value: f64) -> String {
        self.row(vec![value])
    }

    /// A constant row vector.
    pub(super) fn row(&mut self, values: Vec<f64>) -> String {
        self.constant(vec![1, values.len() as i64], Elements::Double(values))
    }

    /// A constant column vector, the right operand of a matrix product.
    pub(super) fn column(&mut self, values: Vec<f64>) -> String {
        self.constant(vec![values.len() as i64, 1], Elements::Double(values))
    }

    fn constant(&mut self, dims: Vec<i64>, elements: Elements) -> String {
        let name = format!("c{}", self.0.initializer.len());
        self.0.initializer.push(TensorProto {
            name: name.clone(),
            dims,
            elements,
        });
        name
    }

    fn push(
        &mut self,
        (op_type, domain): (&'static str, &'static str),
        inputs: &[&str],
        (output, attribute): (&str, Vec<AttributeProto>),
    ) {
        self.0.node.push(NodeProto {
            input: inputs.iter().map(|&name| name.to_owned()).collect(),
            output: output.to_owned(),
            op_type,
            attribute,
            domain,
        });
    }
}

/// The variable number of rows.
fn rows() -> Dimension {
    Dimension::Param("N")
}

/// The target type of a cast.
fn to(elements: DataType) -> AttributeProto {
    whole("to", elements as i64)
}

/// An integer attribute.
pub(super) fn whole(name: &'static str, value: i64) -> AttributeProto {
    let value = AttributeValue::Int(value);
    AttributeProto { name, value }
}

/// A string attribute.
pub(super) fn word(name: &'static str, value: &'static str) -> AttributeProto {
    let value = AttributeValue::String(value);
    AttributeProto { name, value }
}

/// An attribute with a list of integers.
pub(super) fn wholes(name: &'static str, values: Vec<i64>) -> AttributeProto {
    let value = AttributeValue::Ints(values);
    AttributeProto { name, value }
}

/// An attribute with a list of strings.
pub(super) fn words(name: &'static str, values: Vec<&'static str>) -> AttributeProto {
    let value = AttributeValue::Strings(values);
    AttributeProto { name, value }
}

/// An attribute with a list of numbers.
pub(super) fn floats(name: &'static str, values: Vec<f32>) -> AttributeProto {
    let value = AttributeValue::Floats(values);
    AttributeProto { name, value }
}
