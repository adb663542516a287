//! Chromium under its driver; both end with what holds them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use crate::needs::{AXE, CHROMEDRIVER};
use crate::page::{Page, Window};

/// A running driver. Pages keep it alive.
#[derive(Clone)]
pub struct Browser {
    driver: Arc<Driver>,
}

/// Times that the driver may draw a port which is taken.
const MOST_STARTS: u32 = 50;

impl Browser {
    /// Starts the driver; none, with a message, where what it needs is absent.
    pub fn start() -> Option<Self> {
        let (program, axe) = (CHROMEDRIVER.find()?, AXE.find()?);
        let (child, address) = drive(&program);
        let axe = fs::read_to_string(axe).expect("axe can be read");
        Some(Self { driver: Arc::new(Driver { child, address, axe }) })
    }

    /// All processes of browsers that run now.
    pub fn processes(&self) -> Vec<u32> {
        descendants(self.driver.child.id())
    }

    /// A new session with a profile of its own: no cookie, nothing cached.
    pub async fn page(&self, window: Window) -> Page {
        Page::open(Arc::clone(&self.driver), window).await
    }
}

/// Starts the driver. It draws a port for IPv6 and wants the same for IPv4, where somebody else may have it: then it ends, and is
/// started again.
fn drive(program: &Path) -> (Child, String) {
    let mut said = Vec::new();
    for _ in 0..MOST_STARTS {
        let mut command = Command::new(program);
        command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the driver starts");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        said.clear();
        for line in lines.by_ref().map_while(Result::ok) {
            if let Some(port) = port(&line) {
                // The pipe is read to its end, or the driver would stop when it is full.
                std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
                return (child, format!("http://127.0.0.1:{port}"));
            }
            said.push(line);
        }
        let _ = child.wait();
        if !said.iter().any(|line| line.contains("port not available")) {
            break;
        }
    }
    panic!("the driver ended without its port: {said:?}");
}

/// The process of the driver.
pub struct Driver {
    child: Child,
    /// Where it takes commands.
    pub address: String,
    /// The script that judges accessibility.
    pub axe: String,
}

impl Drop for Driver {
    /// Browsers are not ended by the end of their driver, so they are ended by name.
    fn drop(&mut self) {
        let browsers = descendants(self.child.id());
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !browsers.is_empty() {
            let ids = browsers.iter().map(u32::to_string);
            let _ = Command::new("kill").arg("-KILL").args(ids).stderr(Stdio::null()).status();
        }
    }
}

fn port(line: &str) -> Option<u16> {
    line.strip_prefix("ChromeDriver was started successfully on port ")?.trim_end_matches('.').parse().ok()
}

/// All processes below a process, found by their parents.
fn descendants(root: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|id| Some((id, parent(id)?)))
        .collect();
    let mut found = vec![root];
    let mut next = 0;
    while let Some(of) = found.get(next).copied() {
        found.extend(parents.iter().filter(|(_, parent)| *parent == of).map(|(id, _)| *id));
        next += 1;
    }
    found.split_off(1)
}

/// The second field behind the name, which may contain anything, in parentheses.
fn parent(id: u32) -> Option<u32> {
    let stat = fs::read_to_string(PathBuf::from(format!("/proc/{id}/stat"))).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
