//! The one enumeration of ATT&CK tactics: every spelling is one tactic.
//!
//! Names and ids are those of MITRE ATT&CK® Enterprise (© The MITRE Corporation).

use serde::{Deserialize, Serialize};

macro_rules! tactics {
    ($($variant:ident, $id:literal, $slug:literal, $title:literal;)*) => {
        /// An ATT&CK Enterprise tactic, in the order of the matrix.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Tactic { $(#[doc = $title] #[serde(rename = $slug)] $variant,)* }

        impl Tactic {
            /// All tactics in the order of the matrix.
            pub const ALL: &'static [Tactic] = &[$(Tactic::$variant,)*];
            /// `TA0006`.
            pub const fn id(self) -> &'static str { match self { $(Tactic::$variant => $id,)* } }
            /// `credential-access`.
            pub const fn slug(self) -> &'static str { match self { $(Tactic::$variant => $slug,)* } }
            /// `Credential Access`.
            pub const fn title(self) -> &'static str { match self { $(Tactic::$variant => $title,)* } }
        }
    };
}

tactics! {
    Reconnaissance, "TA0043", "reconnaissance", "Reconnaissance";
    ResourceDevelopment, "TA0042", "resource-development", "Resource Development";
    InitialAccess, "TA0001", "initial-access", "Initial Access";
    Execution, "TA0002", "execution", "Execution";
    Persistence, "TA0003", "persistence", "Persistence";
    PrivilegeEscalation, "TA0004", "privilege-escalation", "Privilege Escalation";
    DefenseEvasion, "TA0005", "defense-evasion", "Defense Evasion";
    CredentialAccess, "TA0006", "credential-access", "Credential Access";
    Discovery, "TA0007", "discovery", "Discovery";
    LateralMovement, "TA0008", "lateral-movement", "Lateral Movement";
    Collection, "TA0009", "collection", "Collection";
    CommandAndControl, "TA0011", "command-and-control", "Command and Control";
    Exfiltration, "TA0010", "exfiltration", "Exfiltration";
    Impact, "TA0040", "impact", "Impact";
}

impl Tactic {
    /// Reads any spelling: `credential-access`, `credential_access`, `Credential Access`,
    /// `TA0006`, with or without the `attack.` prefix of Sigma.
    pub fn parse(text: &str) -> Option<Tactic> {
        let text = text.trim();
        let text = text.strip_prefix("attack.").unwrap_or(text);
        let slug = text.to_ascii_lowercase().replace(['_', ' '], "-");
        Tactic::ALL.iter().copied().find(|t| t.slug() == slug || t.id().eq_ignore_ascii_case(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_one_tactic() {
        for tactic in Tactic::ALL {
            for spelling in [tactic.slug(), tactic.title(), tactic.id()] {
                assert_eq!(Tactic::parse(spelling), Some(*tactic));
            }
        }
        let credential = Some(Tactic::CredentialAccess);
        assert_eq!(Tactic::parse("credential_access"), credential);
        assert_eq!(Tactic::parse("attack.credential-access"), credential);
        assert_eq!(Tactic::parse("nonsense"), None);
    }
}
