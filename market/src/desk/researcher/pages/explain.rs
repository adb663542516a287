//! What the protections mean, in plain words.

use maud::{Markup, html};

use crate::web::parts::term;

/// k, l and α, and whom they stand against.
pub fn protections() -> Markup {
    html! {
        p {
            "Patients are released in " em { "classes" } ": groups whose age, sex and the like are shown as the same ranges, "
            "so that nobody in a class can be told from the others by them. The stricter the numbers, the wider the ranges."
        }
        (term("What k does", html! {
            p { "Every class has at least k patients. Whoever knows all the ranges of one patient is right about the "
                "patient's row with a chance of 1 in k at most." }
        }))
        (term("What l does", html! {
            p { "Every class has at least l different values of the sensitive column. Without it, a class whose patients "
                "all have the same diagnosis would tell that diagnosis, however large the class is." }
        }))
        (term("What α does", html! {
            p { "No value of the sensitive column has a larger share of a class than α, in thousandths. With α = 800, nobody can be "
                "more than 80 % sure of it." }
        }))
        (term("Against whom: three attackers", attackers()))
    }
}

fn attackers() -> Markup {
    html! {
        dl {
            dt { "The prosecutor" }
            dd { "knows that a certain patient is in the data, and looks for that row: right with a chance of 1/k at most." }
            dt { "The journalist" }
            dd { "does not know who is in the data, and wants to show that anybody at all can be found: at most 1/k as well, "
                "and less where more people fit a class than were released." }
            dt { "The marketer" }
            dd { "wants to find as many as possible, and does not mind errors: on average right for one patient a class, so "
                "for classes divided by patients, which is 1/k at most." }
        }
        p { "None of the three is stopped from combining several releases about the same patients: ask for what you need, once." }
    }
}
