//! Every combination of the values that some parameters allow.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::document::strings;

/// Parameters with the values that they allow.
#[derive(Debug)]
pub struct Combinations<'a> {
    parameters: Vec<(&'a str, Vec<&'a str>)>,
}

/// What something comes to under every combination of the parameters that decide it.
#[derive(Debug)]
pub struct Table<T> {
    /// Position among the parameters, and number of values.
    deciding: Vec<(usize, usize)>,
    entries: Vec<T>,
}

impl<'a> Combinations<'a> {
    /// The combinations of these parameters of a template, each of which lists its values.
    pub fn of(template: &'a Value, parameters: &BTreeSet<&'a str>) -> Self {
        let values = |name: &&'a str| {
            let values = strings(&template["Parameters"][*name]["AllowedValues"]);
            assert!(values.len() > 1, "{name} lists no values");
            (*name, values)
        };
        Self {
            parameters: parameters.iter().map(values).collect(),
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.parameters
            .iter()
            .map(|(_, values)| values.len())
            .product()
    }

    /// Hands out every combination, as the position of each parameter's value.
    pub fn each(&self, mut visit: impl FnMut(&[usize])) {
        let mut combination = vec![0; self.parameters.len()];
        for _ in 0..self.count() {
            visit(&combination);
            for (at, (_, values)) in combination.iter_mut().zip(&self.parameters) {
                *at = (*at + 1) % values.len();
                if *at != 0 {
                    break;
                }
            }
        }
    }

    /// A combination in words.
    pub fn named(&self, combination: &[usize]) -> Vec<(&'a str, &'a str)> {
        let name = |(at, (name, values)): (&usize, &(&'a str, Vec<&'a str>))| (*name, values[*at]);
        combination.iter().zip(&self.parameters).map(name).collect()
    }

    /// Evaluates something once for each combination of the parameters that decide it.
    pub fn table<T>(
        &self,
        deciding: &BTreeSet<&str>,
        evaluate: impl Fn(&[(&str, &str)]) -> T,
    ) -> Table<T> {
        let all = self.parameters.iter().enumerate();
        let deciding: Vec<(usize, usize)> = all
            .filter(|(_, (name, _))| deciding.contains(name))
            .map(|(position, (_, values))| (position, values.len()))
            .collect();
        let some = Self {
            parameters: deciding
                .iter()
                .map(|(at, _)| self.parameters[*at].clone())
                .collect(),
        };
        let mut entries = Vec::new();
        some.each(|combination| entries.push(evaluate(&some.named(combination))));
        Table { deciding, entries }
    }
}

impl<T> Table<T> {
    /// The entry for a combination.
    pub fn at(&self, combination: &[usize]) -> &T {
        let mut index = 0;
        for (position, count) in self.deciding.iter().rev() {
            index = index * count + combination[*position];
        }
        &self.entries[index]
    }
}

#[test]
fn each_combination_comes_once_and_finds_its_entry() {
    let template = serde_json::json!({"Parameters": {
        "A": {"AllowedValues": ["1", "2"]},
        "B": {"AllowedValues": ["x", "y", "z"]},
        "C": {"AllowedValues": ["-", "+"]},
    }});
    let combinations = Combinations::of(&template, &["A", "B", "C"].into());
    let table = combinations.table(&["B", "C"].into(), |named| format!("{named:?}"));
    assert_eq!(table.entries.len(), 6);
    let mut seen = BTreeSet::new();
    combinations.each(|combination| {
        let named = combinations.named(combination);
        assert_eq!(table.at(combination), &format!("{:?}", &named[1..]));
        assert!(seen.insert(named));
    });
    assert_eq!(seen.len(), combinations.count());
    assert_eq!(seen.len(), 12);
}
