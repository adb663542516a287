//! Collecting: what was opened is decrypted and written down, for the owner's eyes only. Once more writes it anew, with what
//! has come since.

use std::path::PathBuf;
use std::sync::Arc;

use galen_ledger::{Blobs, MemoryBlobs};
use galen_prover::deliver::{Dictionary, Field, Layout};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ResearcherDesk;
use super::cite::Citation;
use super::fault::DeskFault;
use super::report::Report;
use super::store::{read, write};
use crate::agent::researcher::{CollectFault, Delivery, collect as decrypt};
use crate::id::RequestId;
use crate::private::{private_dir, write_private};
use crate::query;
use crate::record::{RequestRecord, Status};

/// The column that says which contribution a row came with.
const CONTRIBUTION: &str = "contribution";

/// A file that can be downloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its name.
    pub name: &'static str,
    /// Its media type.
    pub media: &'static str,
    /// What it is.
    pub what: &'static str,
}

const fn kind(name: &'static str, media: &'static str, what: &'static str) -> Kind {
    Kind { name, media, what }
}

/// Every file that collecting writes, and no other, can be asked for.
pub const KINDS: [Kind; 7] = [
    kind("data.csv", "text/csv; charset=utf-8", "the records, one a line; safe to open in a spreadsheet"),
    kind("dictionary.json", "application/json", "what the columns of the records mean"),
    kind("report.json", "application/json", "utility and anonymity: asked, proven, measured"),
    kind("citation.txt", "text/plain; charset=utf-8", "how to cite the data"),
    kind("citation.bib", "application/x-bibtex", "the same for BibTeX"),
    kind("citation.csl.json", "application/vnd.citationstyles.csl+json", "the same for reference managers"),
    kind(
        "ledger.proof",
        "application/octet-stream",
        "proves request and contributions, to galen light verify",
    ),
];

/// What was collected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Collected {
    /// The request.
    pub request: String,
    /// Records in the table.
    pub records: usize,
    /// Contributions in it.
    pub contributions: Vec<String>,
    /// As of which block.
    pub height: u64,
    /// The files.
    pub files: Vec<CollectedFile>,
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CollectedFile {
    /// Its name.
    pub name: String,
    /// What it is.
    pub what: String,
    /// Its size.
    pub bytes: usize,
    /// Its BLAKE3 hash (`b3sum`).
    pub blake3: String,
}

impl ResearcherDesk {
    /// Decrypts everything that was opened, and writes all files.
    ///
    /// # Errors
    /// When the request is another's, nothing was opened yet, or something cannot be read or written.
    pub async fn collect(self: &Arc<Self>, id: &RequestId) -> Result<Collected, DeskFault> {
        let record = self.own(id)?;
        let blobs = self.ciphertexts(id).await?;
        let (desk, id) = (Arc::clone(self), *id);
        super::blocking(move || desk.write_down(&id, &record, &blobs)).await
    }

    /// What was collected before.
    ///
    /// # Errors
    /// When the request is another's, or what was kept is damaged.
    pub fn collected(&self, id: &RequestId) -> Result<Option<Collected>, DeskFault> {
        self.own(id)?;
        read(&self.store.request_dir(id).join("collected.json"))
    }

    /// The report that was written.
    ///
    /// # Errors
    /// When the request is another's, or what was kept is damaged.
    pub fn report(&self, id: &RequestId) -> Result<Option<Report>, DeskFault> {
        self.own(id)?;
        read(&self.store.request_dir(id).join("report.json"))
    }

    /// The path of a file that was written.
    ///
    /// # Errors
    /// When the request is another's, or there is no such file.
    pub fn file(&self, id: &RequestId, name: &str) -> Result<(PathBuf, Kind), DeskFault> {
        self.own(id)?;
        let kind = KINDS.into_iter().find(|kind| kind.name == name).ok_or(DeskFault::Unknown("file"))?;
        let path = self.store.request_dir(id).join(kind.name);
        if path.is_file() { Ok((path, kind)) } else { Err(DeskFault::NothingYet) }
    }

    fn own(&self, id: &RequestId) -> Result<RequestRecord, DeskFault> {
        let record = self.chain.read(|state, _| RequestRecord::load(state, id))?;
        let record = record.ok_or(DeskFault::Unknown("request"))?;
        if record.request.account == self.account() { Ok(record) } else { Err(DeskFault::NotOwn(*id)) }
    }

    /// The ciphertexts of a request. Each is checked against its name.
    async fn ciphertexts(&self, id: &RequestId) -> Result<MemoryBlobs, DeskFault> {
        let found = self.chain.read(|state, _| query::contributions_of(state, id))?;
        let blobs = MemoryBlobs::new();
        for contribution in found {
            let paid = matches!(contribution.record.status, Status::Paid { .. });
            let Some(bytes) = self.chain.blob(contribution.record.blob).await? else {
                if paid {
                    return Err(CollectFault::Missing(contribution.id).into());
                }
                continue;
            };
            let kept = blobs.put(&contribution.record.blob, &bytes);
            kept.map_err(|error| CollectFault::Store(contribution.id, error))?;
        }
        Ok(blobs)
    }

    fn write_down(
        &self,
        id: &RequestId,
        record: &RequestRecord,
        blobs: &MemoryBlobs,
    ) -> Result<Collected, DeskFault> {
        let read = self.chain.read(|state, position| {
            Ok::<_, CollectFault>((decrypt(state, blobs, &self.keys.buyer, id)?, position.height.get()))
        })?;
        let (deliveries, height) = read?;
        if deliveries.is_empty() {
            return Err(DeskFault::NothingYet);
        }
        let unknown = || DeskFault::Internal("the ledger has no schema of the request's".into());
        let schema = self.schema(&record.request.schema().to_string())?.ok_or_else(unknown)?;
        let terms = &record.request.terms;
        let quasi: Vec<u8> = terms.quasi_identifiers.iter().map(|quasi| quasi.column).collect();
        let layout =
            Layout { schema: &schema, quasi_identifiers: &quasi, released: &terms.released, codes: true };
        let price = self.keys.price(&self.chain.id(), &record.request).map(|opening| opening.amount);
        let report = Report::of(record, (id, height), &schema, &deliveries, price);
        let citation = self.cite(id, record, &deliveries)?;
        let json = |value: serde_json::Result<Vec<u8>>| value.map_err(|e| DeskFault::Internal(e.to_string()));
        let contents = [
            table(&layout, &deliveries)?,
            json(serde_json::to_vec_pretty(&dictionary(&layout)?))?,
            json(serde_json::to_vec_pretty(&report))?,
            citation.text().into_bytes(),
            citation.bibtex().into_bytes(),
            json(serde_json::to_vec_pretty(&citation.csl()))?,
            citation.proof.clone(),
        ];
        let records = deliveries.iter().map(|delivery| delivery.rows.len()).sum();
        let contributions = deliveries.iter().map(|delivery| delivery.contribution.to_string()).collect();
        let files = self.write_files(id, &contents)?;
        let collected = Collected { request: id.to_string(), records, contributions, height, files };
        write(&self.store.request_dir(id).join("collected.json"), &collected)?;
        Ok(collected)
    }

    fn write_files(&self, id: &RequestId, contents: &[Vec<u8>; 7]) -> Result<Vec<CollectedFile>, DeskFault> {
        let folder = self.store.request_dir(id);
        private_dir(&folder)?;
        let mut files = Vec::new();
        for (kind, content) in KINDS.iter().zip(contents) {
            write_private(&folder.join(kind.name), content)?;
            files.push(CollectedFile {
                name: kind.name.into(),
                what: kind.what.into(),
                bytes: content.len(),
                blake3: blake3::hash(content).to_hex().to_string(),
            });
        }
        Ok(files)
    }

    /// The citation, with a proof by the ledger that was verified here.
    fn cite(
        &self,
        id: &RequestId,
        record: &RequestRecord,
        deliveries: &[Delivery],
    ) -> Result<Citation, DeskFault> {
        let contributions: Vec<_> = deliveries.iter().map(|delivery| delivery.contribution).collect();
        let records = deliveries.iter().map(|delivery| delivery.rows.len()).sum();
        let institution = self.institution(&record.request.account)?;
        Citation::new(&self.chain, (*id, &record.request.title), institution, contributions, records)
    }
}

fn table(layout: &Layout<'_>, deliveries: &[Delivery]) -> Result<Vec<u8>, DeskFault> {
    let sets = deliveries.iter().map(|found| (found.record.number.to_string(), found.rows.as_slice()));
    let mut csv = Vec::new();
    layout.write_sets(CONTRIBUTION, sets, &mut csv)?;
    Ok(csv)
}

fn dictionary(layout: &Layout<'_>) -> Result<Dictionary, DeskFault> {
    let mut dictionary = layout.dictionary()?;
    let meaning = "number of the contribution among the request's; classes lie within one contribution";
    let first = Field {
        name: CONTRIBUTION.into(),
        column: String::new(),
        meaning: meaning.into(),
        values: Vec::new(),
    };
    dictionary.fields.insert(0, first);
    Ok(dictionary)
}
