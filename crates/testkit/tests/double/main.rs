//! The doubles, tested over the wire as the code under test will meet them.

#[cfg(test)]
mod background;
#[cfg(test)]
mod connectors;
#[cfg(test)]
mod defender;
#[cfg(test)]
mod front;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod reply_sink;
#[cfg(test)]
mod sign_in;
#[cfg(test)]
mod support;
