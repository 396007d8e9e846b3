//! A panic in a machine is a finding with a seed, not the end of a sweep.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, Location, PanicHookInfo};
use std::sync::Once;

thread_local! {
    /// Whether this thread is inside [`caught`].
    static LISTENING: Cell<bool> = const { Cell::new(false) };
    /// What the hook heard last.
    static HEARD: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps the panics that a run catches off stderr. Installs one hook a process, before the one that was there; all other
/// panics go on to that. Runs call it themselves; calling it again does nothing.
pub fn quieten() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if LISTENING.get() {
                HEARD.set(Some(words(info)));
            } else {
                before(info);
            }
        }));
    });
}

/// Does `work`; if it panics, says what it said and where.
///
/// # Errors
/// The panic's message.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    LISTENING.set(true);
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    LISTENING.set(false);
    done.map_err(|payload| HEARD.take().unwrap_or_else(|| said(payload.as_ref()).to_owned()))
}

/// `model/src/log.rs:12: what it said`
fn words(info: &PanicHookInfo<'_>) -> String {
    let said = said(info.payload());
    info.location().map_or_else(|| said.to_owned(), |at| format!("{}: {said}", place(at)))
}

fn said(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("a panic without words")
}

/// File and line, the file from its crate's directory on: a report does not tell where Highwater was built.
fn place(at: &Location<'_>) -> String {
    let file = at.file();
    let parent = file.rfind("/src/").map_or("", |end| &file[..end]);
    let start = parent.rfind('/').map_or(0, |slash| slash + 1);
    format!("{}:{}", &file[start..], at.line())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_with_its_place() {
        quieten();
        let line = line!() + 1;
        let heard = caught(|| panic!("{} is too much", 3)).unwrap_err();
        assert!(heard.ends_with(&format!("panics.rs:{line}: 3 is too much")), "{heard}");
        assert_eq!(caught(|| 5), Ok(5));
    }
}
