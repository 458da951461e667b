//! The doubles, tested over the wire as the code under test will meet them.

#[cfg(test)]
mod arc;
#[cfg(test)]
mod background;
#[cfg(test)]
mod bodies;
#[cfg(test)]
mod connectors;
#[cfg(test)]
mod defaults;
#[cfg(test)]
mod defender;
#[cfg(test)]
mod discovery;
#[cfg(test)]
mod front;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod local_fleet;
#[cfg(test)]
mod local_iam;
#[cfg(test)]
mod local_organization;
#[cfg(test)]
mod machines;
#[cfg(test)]
mod offerings;
#[cfg(test)]
mod pace;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod ready;
#[cfg(test)]
mod reply_sink;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod sign_in;
#[cfg(test)]
mod support;
#[cfg(test)]
mod trusts;
