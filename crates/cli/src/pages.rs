//! Lists that the core hands out page by page.

use enerlink_domain::Error;

use crate::failure::Outcome;

/// Rows of one page of the core.
const PAGE: u16 = 200;

/// Shows at most `limit` rows. `read` is told how many rows to read and before which place, and answers the place of the next.
pub(crate) async fn show_all<T>(
    limit: u16,
    read: impl AsyncFn(u16, Option<i64>) -> Result<(Vec<T>, Option<i64>), Error>,
    show: impl Fn(&T),
) -> Outcome {
    let (mut left, mut before) = (limit, None);
    while left > 0 {
        let (rows, next) = read(left.min(PAGE), before).await?;
        left -= left.min(u16::try_from(rows.len()).unwrap_or(u16::MAX));
        rows.iter().for_each(&show);
        match next {
            Some(next) => before = Some(next),
            None => break,
        }
    }
    Ok(())
}
