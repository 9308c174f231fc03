//! An account's address: short, whole while it is pointed at or has the focus, and a button that copies it.

use enerlink_domain::Address;
use leptos::prelude::*;

use crate::{components::copy::CopyButton, format, i18n::Key};

/// The address with the checksum of EIP-55.
#[component]
pub(crate) fn AddressTag(
    /// Whose.
    address: Address,
    /// Where a test finds it; the whole address is in `data-address`.
    #[prop(default = "address")]
    testid: &'static str,
) -> impl IntoView {
    let whole = address.to_string();
    view! {
        <span class="address-tag">
            <span class="short" tabindex="0" data-testid=testid data-address=whole.clone() aria-label=whole.clone()>
                {format::short_address(address)}
                <code class="whole" aria-hidden="true">{whole.clone()}</code>
            </span>
            <CopyButton value=whole label=Key::CopyAddress testid="copy-account" />
        </span>
    }
}

/// The whole address in groups of four digits, to be compared by eye.
#[component]
pub(crate) fn Grouped(
    /// Whose.
    address: Address,
) -> impl IntoView {
    let groups = groups(address)
        .into_iter()
        .map(|group| view! { <span>{group}</span> })
        .collect_view();
    view! { <code class="grouped" aria-label=address.to_string()>{groups}</code> }
}

fn groups(address: Address) -> Vec<String> {
    let text = address.to_string();
    let digits: Vec<char> = text.chars().skip(2).collect();
    std::iter::once("0x".to_owned())
        .chain(digits.chunks(4).map(|group| group.iter().collect()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_the_whole_address() {
        let address = Address([0xab; 20]);
        let groups = groups(address);
        assert_eq!(groups.len(), 11);
        assert_eq!(groups.concat(), address.to_string());
    }
}
