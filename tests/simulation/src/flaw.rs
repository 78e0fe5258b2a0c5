//! Infrastructures that break their word: each flaw is one that the checks must find, or they are worth nothing.

/// A guarantee of the ports that the infrastructure does not give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// A timer's step is taken whatever the timer has become meanwhile.
    StepWithoutCondition,
    /// A step does not withdraw the deliveries that it should.
    NothingWithdrawn,
    /// An attempt of a delivery that has ended begins.
    EndedBegins,
    /// A delivery that is there already is made anew.
    DeliveryMadeAnew,
    /// No idempotency key is remembered.
    KeysForgotten,
    /// An event moves on before its deliveries are stored.
    ExpandedFirst,
    /// The index of what is due never lists deliveries.
    DeliveriesNeverDue,
    /// Endpoints are read as they were before their last change, every other time.
    EndpointsReadLate,
}

impl Flaw {
    /// All of them, with their names on the command line.
    pub const ALL: [(&'static str, Self); 8] = [
        ("step-without-condition", Self::StepWithoutCondition),
        ("nothing-withdrawn", Self::NothingWithdrawn),
        ("ended-begins", Self::EndedBegins),
        ("delivery-made-anew", Self::DeliveryMadeAnew),
        ("keys-forgotten", Self::KeysForgotten),
        ("expanded-first", Self::ExpandedFirst),
        ("deliveries-never-due", Self::DeliveriesNeverDue),
        ("endpoints-read-late", Self::EndpointsReadLate),
    ];

    /// The flaw of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, flaw)| flaw)
    }
}
