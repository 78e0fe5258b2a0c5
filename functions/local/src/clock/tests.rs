use super::*;

fn reckoning(speed: f64) -> Reckoning {
    Reckoning { real: Timestamp(1_000), shown: Timestamp(50_000), speed }
}

#[test]
fn time_passes_at_its_speed_and_stands_still_at_none() {
    assert_eq!(reckoning(1.0).at(Timestamp(1_500)), Timestamp(50_500));
    assert_eq!(reckoning(60.0).at(Timestamp(1_500)), Timestamp(80_000));
    assert_eq!(reckoning(0.0).at(Timestamp(99_000)), Timestamp(50_000));
    assert_eq!(reckoning(FASTEST).at(Timestamp(u64::MAX)), LAST);
}

#[test]
fn time_does_not_go_back_when_the_machines_clock_is_set_back() {
    assert_eq!(reckoning(1.0).at(Timestamp(10)), Timestamp(50_000));
}

#[test]
fn a_clock_that_nobody_set_is_the_machines_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let clock = DevClock::open(folder.path(), 1.0).unwrap();
    assert_eq!(clock.differs(), None);
    let machine = Clock::system().now();
    assert!((0..1_000).contains(&(clock.now().0 as i64 - machine.0 as i64)));
    clock.close();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn after_a_restart_it_goes_on_from_what_it_showed() {
    let folder = tempfile::tempdir().unwrap();
    let now = Clock::system().now();
    let ahead = Reckoning { real: now, shown: now.plus(Millis::DAY), speed: 1.0 };
    Kept::new(folder.path()).write(&ahead).unwrap();
    let shown = DevClock::open(folder.path(), 1.0).unwrap().now();
    assert!(shown.since(now.plus(Millis::DAY)) < Millis::MINUTE && shown >= now.plus(Millis::DAY), "{shown:?}");
}

#[test]
fn while_nobody_serves_time_passes_no_faster_than_the_machines() {
    let folder = tempfile::tempdir().unwrap();
    let now = Clock::system().now();
    for (speed, passed) in [(0.0, Millis(0)), (1.0, Millis::HOUR), (3_600.0, Millis::HOUR)] {
        let kept = Reckoning { real: now.minus(Millis::HOUR), shown: now.plus(Millis::DAY), speed };
        Kept::new(folder.path()).write(&kept).unwrap();
        let shown = DevClock::open(folder.path(), 0.0).unwrap().now();
        let expected = now.plus(Millis::DAY).plus(passed);
        assert!(shown >= expected && shown.since(expected) < Millis::MINUTE, "at {speed}: {shown:?}");
    }
}

#[test]
fn what_a_crash_of_a_fast_clock_leaves_is_not_behind_what_was_shown() {
    let folder = tempfile::tempdir().unwrap();
    let fast = DevClock::open(folder.path(), FASTEST).unwrap();
    let shown = fast.now();
    // No close: it was killed.
    drop(fast);
    assert!(DevClock::open(folder.path(), 1.0).unwrap().now() >= shown);
}

#[test]
fn a_file_that_holds_no_clock_is_refused_and_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("clock.json"), "{}").unwrap();
    let error = DevClock::open(folder.path(), 1.0).err().unwrap().to_string();
    assert!(error.contains("clock.json") && error.contains("remove it"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sets_a_fast_clock_and_who_keeps_up_with_it_do_not_get_in_each_others_way() {
    let folder = tempfile::tempdir().unwrap();
    let clock = DevClock::open(folder.path(), 2.0).unwrap();
    for round in 0..300 {
        let keeping = Arc::clone(&clock);
        let keeping = tokio::spawn(async move { keeping.keep_up().await });
        clock.set_speed(3.0).await.unwrap();
        clock.set_speed(2.0 + f64::from(round)).await.unwrap();
        keeping.abort();
        let _ = keeping.await;
        let kept = Kept::new(folder.path()).read().unwrap().unwrap();
        assert_eq!(kept.speed, 2.0 + f64::from(round));
    }
}
