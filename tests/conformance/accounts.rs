//! Accounts: made once, changed one change after the other.

use crate::samples::{account, rotated};
use crate::world::{Sure as _, World, at_once};
use minoots_shared::domain::account::Account;
use minoots_shared::domain::ids::AccountId;

/// My account and others, whose names begin alike.
async fn accounts(world: &World<'_>) -> [Account; 3] {
    let accounts = ["acct", "acct2", "acc"].map(AccountId::new);
    let accounts = [account(&accounts[0], 1), account(&accounts[1], 2), account(&accounts[2], 3)];
    for account in &accounts {
        assert!(world.store().create_account(account.clone()).await.sure());
    }
    accounts
}

async fn stored(world: &World<'_>, account: &Account) -> Option<Account> {
    world.store().account(&account.id).await.sure()
}

pub(crate) async fn an_account_is_made_once_and_kept_as_it_was_made(world: &mut World<'_>) {
    let accounts = accounts(world).await;
    let other = Account { concurrent_timers: Some(7), ..account(&accounts[0].id, 9) };
    assert!(!world.store().create_account(other).await.sure());
    assert!(!world.store().create_account(rotated(&accounts[0], 9)).await.sure());
    for account in &accounts {
        assert_eq!(stored(world, account).await.as_ref(), Some(account));
    }
    assert_eq!(world.store().account(&AccountId::new("unknown")).await.sure(), None);
}

pub(crate) async fn of_many_who_make_an_account_at_once_one_makes_it(world: &mut World<'_>) {
    let id = world.mine.account.clone();
    let made = at_once(20, |number| {
        let (store, account) = (world.store(), account(&id, number as u8));
        async move { store.create_account(account).await.sure() }
    })
    .await;
    let makers: Vec<_> = made.iter().enumerate().filter(|(_, made)| **made).map(|(number, _)| number).collect();
    assert_eq!(makers.len(), 1);
    assert_eq!(world.store().account(&id).await.sure(), Some(account(&id, makers[0] as u8)));
}

pub(crate) async fn an_account_is_replaced_by_its_next_revision_only(world: &mut World<'_>) {
    let [mine, other, third] = accounts(world).await;
    let next = Account { concurrent_timers: Some(3), ..rotated(&mine, 4) };
    let after_next = Account { concurrent_timers: None, ..rotated(&next, 5) };
    let store = world.store();
    for wrong in [&after_next, &mine, &Account { revision: 9, ..mine.clone() }] {
        assert!(!store.replace_account(wrong.clone()).await.sure(), "revision {}", wrong.revision);
        assert_eq!(stored(world, &mine).await.as_ref(), Some(&mine));
    }
    assert!(store.replace_account(next.clone()).await.sure());
    assert_eq!(stored(world, &mine).await.as_ref(), Some(&next));
    assert!(!store.replace_account(next).await.sure());
    assert!(store.replace_account(after_next.clone()).await.sure());
    assert_eq!(stored(world, &mine).await, Some(after_next));
    for neighbour in [other, third] {
        assert_eq!(stored(world, &neighbour).await.as_ref(), Some(&neighbour));
    }
}

pub(crate) async fn an_unknown_account_is_not_replaced(world: &mut World<'_>) {
    accounts(world).await;
    let unknown = account(&AccountId::new("unknown"), 9);
    for account in [rotated(&unknown, 8), unknown.clone()] {
        assert!(!world.store().replace_account(account).await.sure());
    }
    assert_eq!(stored(world, &unknown).await, None);
}

pub(crate) async fn of_many_changes_from_one_revision_exactly_one_is_taken(world: &mut World<'_>) {
    let [mut mine, other, _] = accounts(world).await;
    for round in 0..10 {
        let next = |number: usize| rotated(&mine, 100 + round * 10 + number as u8);
        let taken = at_once(10, |number| {
            let (store, account) = (world.store(), next(number));
            async move { store.replace_account(account).await.sure() }
        })
        .await;
        let winners: Vec<_> = taken.iter().enumerate().filter(|(_, taken)| **taken).map(|(number, _)| number).collect();
        assert_eq!(winners.len(), 1);
        mine = next(winners[0]);
        assert_eq!(stored(world, &mine).await.as_ref(), Some(&mine));
    }
    assert_eq!((mine.revision, stored(world, &other).await), (10, Some(other)));
}
