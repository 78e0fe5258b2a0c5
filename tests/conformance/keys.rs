//! API keys: found by their digest, revoked at once, each account's its own.

use crate::samples::{NOW, api_key, later};
use crate::world::{Sure as _, World, at_once};
use minoots_shared::domain::account::Mode;
use minoots_shared::domain::api_key::{ApiKey, ApiKeySecret};
use minoots_shared::domain::ids::{AccountId, ApiKeyId};

/// Three keys of mine, oldest first, and another account's, which have the same ids.
async fn keys(world: &World<'_>) -> ([ApiKey; 3], [ApiKey; 3]) {
    let of = |account: &AccountId| {
        let key = |mode, place: u8| api_key(account, mode, later(u64::from(place)), place);
        [key(Mode::Live, 1), key(Mode::Test, 2), key(Mode::Live, 3)]
    };
    let (mine, others) = (of(&world.mine.account), of(&world.foreign().account));
    for key in [1, 0, 2].iter().flat_map(|place: &usize| [&others[*place], &mine[*place]]) {
        assert_eq!(world.store().create_api_key(key.clone(), None).await.sure(), None);
    }
    assert_eq!(mine.each_ref().map(|key| &key.id), others.each_ref().map(|key| &key.id));
    (mine, others)
}

async fn found(world: &World<'_>, key: &ApiKey) -> Option<ApiKey> {
    world.store().api_key(&key.digest).await.sure()
}

async fn unharmed(world: &World<'_>, keys: [ApiKey; 3]) {
    let listed = world.store().api_keys(&keys[0].scope.account).await.sure();
    for key in &keys {
        assert_eq!(found(world, key).await.as_ref(), Some(key));
    }
    let mut newest_first = keys;
    newest_first.reverse();
    assert_eq!(listed, newest_first);
}

pub(crate) async fn a_key_is_found_by_its_digest_with_the_scope_that_it_opens(world: &mut World<'_>) {
    let (mine, others) = keys(world).await;
    for key in mine.iter().chain(&others) {
        assert_eq!(found(world, key).await.as_ref(), Some(key));
    }
    let unknown = ApiKeySecret::new("mnt_live_unknown").digest();
    assert_eq!(world.store().api_key(&unknown).await.sure(), None);
}

pub(crate) async fn an_accounts_keys_of_both_modes_are_listed_newest_first(world: &mut World<'_>) {
    let (mine, others) = keys(world).await;
    unharmed(world, mine).await;
    unharmed(world, others).await;
    for account in ["acc", "unknown", ""] {
        assert_eq!(world.store().api_keys(&AccountId::new(account)).await.sure(), []);
    }
}

pub(crate) async fn a_key_is_renamed_and_its_name_taken_away(world: &mut World<'_>) {
    let (mine, others) = keys(world).await;
    for name in [Some("naïve \u{1f600}\u{0}".to_owned()), None, Some(String::new())] {
        let expected = ApiKey { name: name.clone(), ..mine[1].clone() };
        let renamed = world.store().rename_api_key(&world.mine.account, &mine[1].id, name).await.sure();
        assert_eq!(renamed.as_ref(), Some(&expected));
        unharmed(world, [mine[0].clone(), expected, mine[2].clone()]).await;
    }
    unharmed(world, others).await;
}

pub(crate) async fn a_revoked_key_is_gone_at_once_and_for_good(world: &mut World<'_>) {
    let (mine, others) = keys(world).await;
    let (store, account) = (world.store(), &world.mine.account);
    assert!(store.revoke_api_key(account, &mine[2].id).await.sure());
    assert_eq!(found(world, &mine[2]).await, None);
    assert!(!store.revoke_api_key(account, &mine[2].id).await.sure());
    assert_eq!(store.rename_api_key(account, &mine[2].id, Some("back".to_owned())).await.sure(), None);
    assert_eq!(found(world, &mine[2]).await, None);
    assert_eq!(store.api_keys(account).await.sure(), [mine[1].clone(), mine[0].clone()]);
    unharmed(world, others).await;
}

pub(crate) async fn an_unknown_or_foreign_key_is_neither_renamed_nor_revoked(world: &mut World<'_>) {
    let (mine, others) = keys(world).await;
    let foreign = api_key(&world.foreign().account, Mode::Live, later(9), 9);
    let store = world.store();
    assert_eq!(store.create_api_key(foreign.clone(), None).await.sure(), None);
    for id in [&foreign.id, &ApiKeyId::new("key_unknown"), &ApiKeyId::new("key_"), &ApiKeyId::new("")] {
        assert!(!store.revoke_api_key(&world.mine.account, id).await.sure(), "{id}");
        let renamed = store.rename_api_key(&world.mine.account, id, Some("mine".to_owned())).await.sure();
        assert_eq!(renamed, None, "{id}");
    }
    assert_eq!(found(world, &foreign).await.as_ref(), Some(&foreign));
    assert!(store.revoke_api_key(&foreign.scope.account, &foreign.id).await.sure());
    unharmed(world, mine).await;
    unharmed(world, others).await;
}

pub(crate) async fn a_key_stored_again_under_its_id_replaces_the_one_before(world: &mut World<'_>) {
    let (mine, others) = keys(world).await;
    let store = world.store();
    // The same once more, as at each start of the service; then the same id with another text, as an operator may set.
    assert_eq!(store.create_api_key(mine[0].clone(), None).await.sure(), None);
    let anew = ApiKey { id: mine[1].id.clone(), ..api_key(&world.mine.account, Mode::Test, later(2), 8) };
    assert_eq!(store.create_api_key(anew.clone(), None).await.sure(), None);
    assert_eq!(found(world, &mine[1]).await, None);
    let [oldest, replaced, newest] = mine;
    unharmed(world, [oldest, anew.clone(), newest]).await;
    let younger = ApiKey { created_at: later(50), ..anew };
    assert_eq!(store.create_api_key(younger.clone(), None).await.sure(), None);
    let listed = store.api_keys(&world.mine.account).await.sure();
    assert_eq!((listed.len(), &listed[0]), (3, &younger));
    assert!(store.revoke_api_key(&world.mine.account, &replaced.id).await.sure());
    assert_eq!((found(world, &younger).await, found(world, &replaced).await), (None, None));
    unharmed(world, others).await;
}

pub(crate) async fn a_key_renamed_while_it_is_revoked_does_not_come_back(world: &mut World<'_>) {
    let (mine, others) = keys(world).await;
    for place in 20..40 {
        let key = api_key(&world.mine.account, Mode::Live, NOW, place);
        assert_eq!(world.store().create_api_key(key.clone(), None).await.sure(), None);
        let revoked = at_once(6, |part| {
            let (store, account, id) = (world.store(), world.mine.account.clone(), key.id.clone());
            async move {
                if part % 3 == 0 {
                    return store.revoke_api_key(&account, &id).await.sure();
                }
                store.rename_api_key(&account, &id, Some(format!("name {part}"))).await.sure();
                false
            }
        })
        .await;
        assert_eq!(revoked.into_iter().filter(|revoked| *revoked).count(), 1);
        assert_eq!(found(world, &key).await, None);
    }
    unharmed(world, mine).await;
    unharmed(world, others).await;
}
