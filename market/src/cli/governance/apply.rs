//! `galen researcher|hospital|auditor apply`: an application for accreditation.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::Args;
use galen_circuits::knowledge::Knowledge;
use galen_market::action::{AccreditAuditor, AccreditResearcher};
use galen_market::desk::home::{DeskHome, DeskRole, Seed};
use galen_market::private::write_new_private;
use galen_market::proposal::Application;
use galen_market::{Action, MarketConfig, SchemaId};
use galen_prover::import::ImportSpec;
use galen_prover::jobs::ProvingKeys;
use rand::rngs::OsRng;
use serde_json::json;

use crate::cli::console::Console;
use crate::cli::desk::{DeskArg, account};
use crate::demo;
use crate::node::home::read_genesis;

/// An application.
#[derive(Args, Clone, Debug)]
pub struct ApplyArgs {
    #[command(flatten)]
    home: DeskArg,
    /// The new file to write. It holds nothing secret.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// A hospital's application.
#[derive(Args, Clone, Debug)]
pub struct HospitalApplyArgs {
    #[command(flatten)]
    apply: ApplyArgs,
    /// The consortium's genesis, whose audit authority the application is made for.
    #[arg(long, value_name = "FILE")]
    genesis: PathBuf,
    /// A schema to sell under, in TOML; as often as you like.
    #[arg(long, value_name = "FILE", required = true)]
    schema: Vec<PathBuf>,
}

impl ApplyArgs {
    /// Writes a researcher's or an auditor's.
    ///
    /// # Errors
    /// When the home or its keys cannot be used, or the file is there.
    pub fn run(&self, role: DeskRole) -> anyhow::Result<()> {
        let (home, seed) = self.open(role)?;
        let (account, name) = (account(role, &seed), home.config().name.clone());
        let action = match role {
            DeskRole::Researcher => Action::AccreditResearcher(AccreditResearcher { account, name }),
            DeskRole::Auditor => Action::AccreditAuditor(AccreditAuditor { account, name }),
            DeskRole::Hospital => anyhow::bail!("a hospital's application needs the genesis and a schema"),
        };
        self.write(&home, &action, account)
    }

    fn open(&self, role: DeskRole) -> anyhow::Result<(DeskHome, Seed)> {
        ensure!(!self.out.exists(), "{} is there already: it is not overwritten", self.out.display());
        let home = self.home.open(role)?;
        let seed = self.home.seed(&home)?;
        Ok((home, seed))
    }

    fn write(
        &self,
        home: &DeskHome,
        action: &Action,
        account: galen_market::AccountKey,
    ) -> anyhow::Result<()> {
        let application = Application::new(home.config().chain, action)?;
        write_new_private(&self.out, &serde_json::to_vec_pretty(&application)?)?;
        let console = Console::new(false);
        console.fact("to be ordered", &application.what);
        console.fact("application", self.out.display());
        console.say("give the account to those who govern also by another way than the file: they see it before they sign");
        console.object(&json!({ "file": self.out, "account": account, "what": application.what }));
        Ok(())
    }
}

impl HospitalApplyArgs {
    /// Writes it; the proof that the hospital knows the secret behind its name takes a few seconds.
    ///
    /// # Errors
    /// As [`ApplyArgs::run`], and when genesis or schema are refused.
    pub fn run(&self) -> anyhow::Result<()> {
        let mut schemas = Vec::new();
        for path in &self.schema {
            let id = SchemaId::of(&ImportSpec::load(path)?.schema);
            ensure!(!schemas.contains(&id), "{} is the same schema as another --schema", path.display());
            schemas.push(id);
        }
        let (home, seed) = self.apply.open(DeskRole::Hospital)?;
        let genesis = read_genesis(&self.genesis)?;
        let (chain, file) = (genesis.chain_id(), home.layout().config());
        let expected = home.config().chain;
        let expected =
            expected.with_context(|| format!("{} names no chain: write it there first", file.display()))?;
        ensure!(
            chain == expected,
            "{} is of chain {chain}, but chain in {} is {expected}",
            self.genesis.display(),
            file.display()
        );
        let (market, verifying) = MarketConfig::from_json(&genesis.config)?;
        let (keys, _) = demo::keys(&Console::new(true))?;
        ensure!(
            keys.verifying().fingerprints() == verifying.fingerprints(),
            "the proving keys here are not those of the chain: get those of the ceremony, and name their folder in \
             GALEN_KEYS_DIR"
        );
        let hospital = seed.hospital();
        let seal = hospital.knowledge(&chain, &market.auditor.key);
        let public = seal.public;
        let proof = ProvingKeys::new(keys).prove_seal(seal, &mut OsRng)?;
        let knowledge = Knowledge::new(&public, proof);
        let action = hospital.accreditation(&chain, &home.config().name, schemas, knowledge);
        self.apply.write(&home, &action, hospital.account().key())
    }
}
