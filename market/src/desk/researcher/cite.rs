//! How to cite bought data, with a proof by the ledger that anybody can verify who knows the chain's id.

use std::sync::Arc;

use galen_ledger::light::{MAX_CLAIMS, Trust, Verified};
use galen_ledger::{ChainId, LightProof};
use serde_json::{Value, json};

use super::fault::DeskFault;
use super::pace::moment;
use crate::chain::Chain;
use crate::fact::Subject;
use crate::id::{ContributionId, RequestId};

/// A citation.
#[derive(Clone, Debug)]
pub struct Citation {
    request: RequestId,
    title: String,
    institution: String,
    contributions: Vec<ContributionId>,
    records: usize,
    chain: ChainId,
    verified: Verified,
    /// The file that proves it.
    pub proof: Vec<u8>,
}

impl Citation {
    /// A citation of what was bought, proven as of the chain's newest block. A request with more contributions than a proof
    /// holds is proven with the first of them; its own entry counts all.
    ///
    /// # Errors
    /// When the chain cannot prove it, or what it gives does not verify.
    pub fn new(
        chain: &Arc<dyn Chain>,
        (request, title): (RequestId, &str),
        institution: String,
        contributions: Vec<ContributionId>,
        records: usize,
    ) -> Result<Self, DeskFault> {
        let proven = contributions.iter().take(MAX_CLAIMS - 1).copied().map(Subject::Contribution);
        let keys: Vec<Vec<u8>> =
            std::iter::once(Subject::Request(request)).chain(proven).map(|subject| subject.key()).collect();
        let none = || DeskFault::Internal("the chain has no blocks to prove from".into());
        let proof = chain.light_proof(&keys)?.ok_or_else(none)?;
        let proof = LightProof { genesis: Some(chain.genesis().as_ref().clone()), ..proof };
        let verified = proof.verify(Trust::Chain(chain.id()));
        let verified =
            verified.map_err(|fault| DeskFault::Internal(format!("the ledger's proof: {fault}")))?;
        let (proof, title, chain) = (proof.to_file(), title.to_owned(), chain.id());
        Ok(Self { request, title, institution, contributions, records, chain, verified, proof })
    }

    fn year(&self) -> String {
        moment(self.verified.time_ms).chars().take(4).collect()
    }

    fn day(&self) -> String {
        moment(self.verified.time_ms).chars().take(10).collect()
    }

    /// In words.
    pub fn text(&self) -> String {
        let Self { request, title, institution, records, chain, verified, .. } = self;
        let mut text = format!(
            "{institution} ({}). {title} [Data set: {records} anonymized records, {} contributions]. \
             Galen request {request}.\n\n\
             Ledger:        {} ({chain})\n\
             As of:         block {} ({}), {}\n\
             Verify:        galen light verify ledger.proof --chain {chain}\n",
            self.year(),
            self.contributions.len(),
            verified.name,
            verified.height,
            verified.block,
            moment(verified.time_ms),
        );
        for (number, contribution) in self.contributions.iter().enumerate() {
            let label = if number == 0 { "Contributions: " } else { "               " };
            text.push_str(&format!("{label}{contribution}\n"));
        }
        text
    }

    /// For BibTeX.
    pub fn bibtex(&self) -> String {
        let short: String = self.request.to_string().chars().take(12).collect();
        format!(
            "@misc{{galen-{short},\n  title        = {{{{{}}}}},\n  author       = {{{{{}}}}},\n  year         = {{{}}},\n  \
             howpublished = {{Data set: {} anonymized records, {} contributions}},\n  \
             note         = {{Galen request {}, chain {}, block {} ({})}},\n}}\n",
            latex(&self.title),
            latex(&self.institution),
            self.year(),
            self.records,
            self.contributions.len(),
            self.request,
            self.chain,
            self.verified.height,
            self.verified.block,
        )
    }

    /// As CSL JSON, for reference managers.
    pub fn csl(&self) -> Value {
        let day = self.day();
        let date: Vec<u32> = day.split('-').filter_map(|part| part.parse().ok()).collect();
        json!([{
            "id": format!("galen-{}", self.request),
            "type": "dataset",
            "title": self.title,
            "author": [{ "literal": self.institution }],
            "issued": { "date-parts": [date] },
            "publisher": format!("Galen, {}", self.verified.name),
            "number": self.request.to_string(),
            "note": format!(
                "chain: {}; block: {} ({}); records: {}; contributions: {}",
                self.chain,
                self.verified.height,
                self.verified.block,
                self.records,
                self.contributions.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            ),
        }])
    }
}

/// A text that LaTeX shows as it is.
fn latex(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '{' | '}' | '%' | '&' | '#' | '$' | '_' => out.extend(['\\', letter]),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::latex;

    #[test]
    fn titles_are_no_commands_of_latex() {
        assert_eq!(
            latex("\\input{/etc/passwd} 5% a_b"),
            "\\textbackslash{}input\\{/etc/passwd\\} 5\\% a\\_b"
        );
    }
}
