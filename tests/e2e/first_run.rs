//! A new user, by keyboard alone: from the first start to a wallet that is backed up and open. Every key goes to whatever
//! has the focus; scripts only look.

use crate::{
    support::PASSWORD,
    window::{DOWN, ENTER, SPACE, TAB, UP, Window},
};

#[tokio::test]
async fn a_new_user_gets_to_a_backed_up_wallet_by_keyboard_alone_in_english() {
    first_run("en").await;
}

#[tokio::test]
async fn a_new_user_gets_to_a_backed_up_wallet_by_keyboard_alone_in_indonesian() {
    first_run("id").await;
}

async fn first_run(language: &str) {
    let directory = tempfile::tempdir().expect("directory");
    let window = Window::open(&[], &directory.path().join("profile")).await;
    let shoot = async |step: &str| window.shoot_all(&format!("first-{step}-{language}")).await;
    window.wait_focus("welcome-create").await;
    window.press(&[DOWN]).await;
    window.wait_focus("welcome-import").await;
    window.press(&[UP]).await;
    window.wait_focus("welcome-create").await;
    window.tab_to(&format!("language-{language}")).await;
    window.press(&[SPACE]).await;
    let chosen = format!("[data-testid='language-{language}'][aria-pressed='true']");
    window.find_css(&chosen).await;
    window.tab_to("welcome-create").await;
    shoot("1-welcome").await;
    window.press(&[ENTER]).await;

    window.wait_focus("create-name").await;
    window.type_keys("Rumah Surya").await;
    window.press(&[TAB]).await;
    window.wait_focus("create-password").await;
    window.type_keys("weak").await;
    window.tab_to("create-password-again").await;
    window.type_keys("weak").await;
    window.press(&[ENTER]).await;
    shoot("2-weak").await;
    for field in ["create-password", "create-password-again"] {
        window.tab_back_to(field).await;
        window.type_over(PASSWORD).await;
        window.press(&[TAB]).await;
    }
    window.tab_back_to("create-password-again").await;
    shoot("3-create").await;
    window.press(&[ENTER]).await;

    window.wait_focus("reveal-password").await;
    shoot("4-before-the-words").await;
    window.type_keys(PASSWORD).await;
    window.press(&[ENTER]).await;
    window.wait_focus("phrase-hold").await;
    shoot("5-covered").await;
    let words = window.words_while_held(SPACE).await;
    assert_eq!(words, window.words_while_held(ENTER).await);
    window.hold(SPACE).await;
    shoot("6-held").await;
    window.let_go(SPACE).await;
    window.tab_to("phrase-continue").await;
    window.press(&[ENTER]).await;

    window.wait_focus("quiz-word").await;
    let asked = window.all("[data-testid='quiz-word']").await.len();
    // The last one is mistyped, to be told and mended.
    for place in 1..=asked {
        let word = &words[asked_for(&window).await];
        window.type_keys(if place < asked { word } else { "zebra" }).await;
        if place < asked {
            window.press(&[TAB]).await;
        }
    }
    window.press(&[ENTER]).await;
    window.find_css("[data-code='PHRASE_INVALID']").await;
    shoot("7-quiz-wrong").await;
    window.wait_focus("quiz-word").await;
    let last = asked_for(&window).await;
    window.type_over(&words[last]).await;
    window.press(&[ENTER]).await;

    window.wait_focus("unlock-password").await;
    shoot("8-unlock").await;
    window.type_keys(PASSWORD).await;
    window.press(&[ENTER]).await;
    window
        .find_css("[data-testid='key-state'][data-state='unlocked']")
        .await;
    window.wait_gone(".toast").await;
    assert!(
        window.all("[data-testid='backup-banner']").await.is_empty(),
        "it is written down"
    );
    shoot("9-home").await;
    window.close().await;
}

/// Which word the input with the focus asks for.
async fn asked_for(window: &Window) -> usize {
    let index = window.run("return document.activeElement.dataset.index").await;
    index.as_str().expect("an index").parse().expect("a number")
}
