//! What every infrastructure promises: one case per promise of `minoots_shared::ports`, each named by the sentence that is
//! broken when it fails.
//!
//! The cases are written once and run unchanged on every infrastructure, which only says how its parts are opened:
//!
//! ```text
//! minoots_tests::store_cases!(MyInfrastructure::new());
//! minoots_tests::clockwork_cases!(MyInfrastructure::new());
//! minoots_tests::isolation_cases!(MyInfrastructure::new());
//! ```
//!
//! In every case several accounts are in play: beside the scope under test, another account and the other mode of the same
//! account hold data that look just like it, with the same timers' ids and idempotency keys, and the case fails if they
//! notice anything (`world`).
//!
//! A case that is not listed in one of these would be dead code, which the build refuses: none is left out by accident.

mod accounts;
mod alarms;
mod attempts;
mod calls;
mod creating;
mod delivery_lists;
mod due;
mod due_deliveries;
mod endpoints;
mod events;
mod fan_out;
mod figures;
mod idempotency;
mod infrastructure;
mod isolation;
mod keys;
mod large;
mod listing;
mod queue;
mod receiver;
mod replay;
mod restarts;
mod samples;
mod stage;
mod steps;
mod subscribed;
mod usage;
mod world;

pub use infrastructure::{Infrastructure, Parts, ServingInfrastructure, WorkingInfrastructure};

/// Makes a macro that expands to one test for each case, and the entrances that those tests use.
macro_rules! cases {
    ($d:tt $(#[$doc:meta])* $name:ident($infrastructure:ident, $place:ty): $($topic:ident { $($case:ident)* })*) => {
        #[doc(hidden)]
        pub mod $name {
            $(pub mod $topic {
                $(pub async fn $case(infrastructure: impl $crate::$infrastructure) {
                    let mut place = <$place>::new(&infrastructure).await;
                    $crate::$topic::$case(&mut place).await;
                    place.over().await;
                })*
            })*
        }

        $(#[$doc])*
        #[macro_export]
        macro_rules! $name {
            ($d infrastructure:expr) => {
                $(mod $topic {
                    #[allow(unused_imports)]
                    use super::*;
                    $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                    async fn $case() {
                        $crate::$name::$topic::$case($d infrastructure).await;
                    })*
                })*
            };
        }
    };
}

cases! {
    $
    /// Expands to one test for each promise of the `Store` port. The expression gives a fresh [`Infrastructure`].
    store_cases(Infrastructure, crate::world::World<'_>):
    creating {
        a_created_timer_is_read_back_exactly_as_it_was_made
        another_scopes_timer_is_unknown
        a_hundred_timers_are_stored_in_one_creation_each_in_its_place
        an_id_in_use_is_left_out_and_its_timer_stays_as_it_was
        an_id_given_twice_in_one_creation_goes_to_the_first
        an_id_stays_in_use_when_its_timer_has_ended
        of_many_creations_of_one_id_at_once_exactly_one_is_stored
        a_creation_beyond_the_limit_stores_the_first_that_fit
        an_ended_timer_makes_room_under_the_limit_and_a_paused_one_does_not
        creations_at_once_fill_the_limit_and_never_exceed_it
        timers_that_end_while_others_are_created_are_counted_once
        a_creation_of_nothing_stores_nothing
    }
    listing {
        an_empty_scope_lists_nothing
        timers_are_listed_newest_first_and_within_a_millisecond_by_id_backwards
        instants_are_ordered_as_numbers
        pages_of_any_size_follow_each_other_without_gap_or_repetition
        a_page_begins_behind_its_position_even_if_no_timer_is_there
        each_filter_lists_exactly_what_it_matches_alone_and_with_others
        labels_are_compared_whole_whatever_characters_they_have
        a_timer_is_listed_under_the_status_that_it_has_now
        what_matches_is_found_among_many_that_do_not
        a_page_goes_on_when_the_timer_at_its_position_matches_no_more
        paging_under_writes_visits_each_timer_that_matches_throughout_exactly_once
    }
    steps {
        a_step_writes_the_timer_and_its_deliveries_together
        a_step_from_an_old_revision_writes_nothing
        a_step_of_a_revision_that_is_still_to_come_writes_nothing
        a_step_of_an_unknown_or_foreign_timer_writes_nothing
        of_claims_and_cancellations_at_once_exactly_one_is_taken_whole
        a_cancellation_ends_every_open_delivery_and_none_that_has_ended
        a_moved_end_withdraws_open_deliveries_and_a_new_name_does_not
        a_delivery_that_exists_already_is_left_as_it_is
        a_timer_goes_through_a_hundred_steps_and_is_due_once
        a_step_without_a_webhook_makes_no_delivery
    }
    due {
        timers_due_by_then_are_listed_earliest_first_from_every_scope
        due_instants_are_ordered_as_numbers
        timers_due_come_in_portions_and_each_comes_once_if_it_is_dealt_with
        a_timer_is_due_at_each_of_its_milestones_and_at_its_end
        only_running_timers_are_due
        a_change_moves_when_a_timer_is_due_and_leaves_nothing_at_the_old_place
        what_is_due_earlier_than_all_that_was_seen_before_is_seen
        what_is_created_while_others_look_for_what_is_due_is_seen_at_once
    }
    due_deliveries {
        deliveries_due_by_then_are_listed_earliest_first_from_every_scope
        deliveries_due_are_visited_once_each_portion_by_portion
        a_visit_goes_on_behind_a_delivery_that_is_no_longer_due
        a_delivery_is_due_when_its_next_attempt_is_and_never_once_it_has_ended
    }
    attempts {
        an_attempt_begins_with_all_that_is_to_be_sent
        an_attempt_under_way_is_not_begun_again_until_it_is_recorded
        of_many_who_begin_an_attempt_at_once_one_gets_it
        an_attempt_that_begins_as_the_one_before_ends_has_the_next_number
        a_recorded_attempt_is_what_the_rules_make_of_it
        attempts_are_numbered_without_gaps_until_they_are_used_up
        an_attempt_is_recorded_once_however_often_it_is_reported
        of_many_who_report_an_attempt_at_once_one_records_it
        an_attempt_whose_turn_has_not_come_is_not_recorded
        a_delivery_withdrawn_under_way_stays_failed_unless_its_receiver_took_it
        a_cancellation_that_meets_an_attempts_end_leaves_nothing_to_attempt
        no_attempt_begins_once_the_cancellation_is_answered
        an_unknown_delivery_is_neither_found_nor_attempted
        a_delivery_that_was_asked_for_too_early_is_attempted_once_it_is_there
        another_scopes_delivery_is_neither_found_nor_attempted
        a_hundred_deliveries_are_read_at_once
    }
    idempotency {
        a_known_key_stores_nothing_and_gives_the_first_answer
        a_key_that_was_never_used_is_unknown
        the_answer_is_worked_out_from_what_became_of_the_timers
        an_answer_that_is_not_to_be_remembered_is_not
        an_answer_without_any_timer_is_remembered_too
        a_key_counts_until_it_expires_and_is_free_then
        the_same_key_on_another_route_or_in_another_scope_is_another_key
        keys_are_compared_whole_whatever_characters_they_have
        a_hundred_creations_at_once_with_one_key_make_one_set_of_timers
        creations_at_once_with_different_keys_are_all_done
        a_known_key_makes_no_second_api_key
        api_keys_made_at_once_with_one_idempotency_key_are_one
        an_idempotency_key_of_a_longer_account_name_is_another
    }
    accounts {
        an_account_is_made_once_and_kept_as_it_was_made
        of_many_who_make_an_account_at_once_one_makes_it
        an_account_is_replaced_by_its_next_revision_only
        an_unknown_account_is_not_replaced
        of_many_changes_from_one_revision_exactly_one_is_taken
    }
    keys {
        a_key_is_found_by_its_digest_with_the_scope_that_it_opens
        an_accounts_keys_of_both_modes_are_listed_newest_first
        a_key_is_renamed_and_its_name_taken_away
        a_revoked_key_is_gone_at_once_and_for_good
        an_unknown_or_foreign_key_is_neither_renamed_nor_revoked
        a_key_stored_again_under_its_id_replaces_the_one_before
        a_key_renamed_while_it_is_revoked_does_not_come_back
    }
    usage {
        each_day_counts_what_happened_on_it
        only_the_days_asked_for_are_counted_the_first_and_the_last_included
        what_was_not_done_is_not_counted
        a_delivery_given_up_counts_once_as_a_failure
    }
    restarts {
        what_was_answered_is_there_after_a_restart
        an_attempt_cut_off_by_a_restart_is_made_again_under_its_number
        a_step_after_a_restart_goes_on_where_the_timer_was
    }
    endpoints {
        an_endpoint_is_read_back_exactly_as_it_was_made
        another_scopes_endpoint_is_neither_read_nor_changed_nor_deleted
        endpoints_are_listed_newest_first_inactive_ones_too
        an_endpoint_is_replaced_by_its_next_revision_only
        of_many_changes_of_an_endpoint_at_once_exactly_one_is_taken
        a_known_key_makes_no_second_endpoint
        a_deleted_endpoint_is_gone_and_its_deliveries_and_figures_stay
        an_endpoint_changed_while_it_is_deleted_does_not_come_back
        subscribers_are_those_that_take_the_type_in_the_order_of_their_ids
        an_account_and_those_that_an_event_reaches_are_found_together_as_they_are_apart
        all_of_many_subscribers_are_found
        a_deactivation_and_the_event_that_tells_of_it_are_one_step
    }
    events {
        an_accepted_event_is_read_back_exactly_as_it_was_accepted
        another_scopes_event_is_neither_found_nor_in_the_way
        an_event_accepted_again_stays_as_it_was
        of_many_who_accept_an_event_at_once_one_does
        the_answer_is_remembered_with_a_new_event_and_with_no_other
        a_new_timers_event_is_accepted_with_it_and_with_no_timer_that_is_left_out
        a_timers_events_are_accepted_with_its_step_or_not_at_all
        an_event_to_nobody_is_kept_and_never_fanned_out
        an_event_with_64_kib_of_data_to_a_thousand_endpoints_is_kept_whole
        accepted_events_are_there_after_a_restart
    }
    fan_out {
        an_event_is_to_be_fanned_out_until_each_target_has_its_delivery
        a_target_without_a_delivery_is_passed
        a_step_that_others_took_writes_nothing
        many_who_fan_one_event_out_make_each_delivery_once
        a_delivery_of_an_event_that_exists_already_is_left_as_it_is
        unfinished_events_come_oldest_first_from_every_scope_and_each_until_it_is_done
        an_event_that_happened_before_all_that_was_fanned_out_is_fanned_out
        a_fan_out_goes_on_after_a_restart_where_it_stopped
        an_event_to_a_thousand_endpoints_is_fanned_out_in_steps_of_32
    }
    replay {
        what_ended_is_sent_again_with_a_whole_new_plan_of_attempts
        what_was_taken_can_be_sent_again
        what_is_open_or_withdrawn_is_not_sent_again
        an_unknown_or_foreign_delivery_is_neither_sent_again_nor_given_up
        of_many_who_replay_a_delivery_at_once_one_does
        a_timers_own_webhook_is_sent_again_too
        giving_up_ends_the_open_deliveries_of_one_endpoint_portion_by_portion
        a_delivery_given_up_while_it_is_attempted_stays_failed_unless_its_receiver_took_it
        nobody_is_at_a_delivery_whose_attempt_was_given_up
        giving_up_that_meets_attempts_ends_leaves_nothing_open
    }
    figures {
        nothing_has_figures_of_nothing
        each_delivery_is_counted_where_it_stands_from_its_first_to_its_last_state
        a_delivery_under_way_is_counted_once
        timers_own_webhooks_are_counted_in_the_scope_and_at_no_endpoint
        tests_are_no_part_of_any_figure
        latencies_are_those_of_every_attempt_that_was_answered
        an_endpoint_was_last_sent_something_when_its_last_attempt_began
        an_endpoint_fails_since_the_first_failure_after_its_last_success
        figures_agree_with_the_lists_after_many_did_everything_at_once
        figures_are_the_same_after_a_restart
    }
    delivery_lists {
        a_scope_without_deliveries_lists_none
        deliveries_are_listed_newest_first_and_within_a_millisecond_by_id_backwards
        each_filter_lists_exactly_the_deliveries_that_it_matches
        pages_of_deliveries_follow_each_other_without_gap_or_repetition
        a_page_of_deliveries_begins_behind_its_position_even_if_nothing_is_there
        a_delivery_is_listed_under_the_state_that_it_has_now
        a_delivery_under_way_is_listed_as_what_it_was_before
        a_test_send_is_recorded_as_it_ended_and_is_in_its_endpoints_history
        what_failed_is_found_among_many_deliveries_that_did_not
        paging_while_deliveries_end_visits_each_one_exactly_once
    }
    large {
        a_timer_with_32_kib_of_data_is_kept_whole
        a_hundred_timers_with_32_kib_of_data_each_are_one_creation
        twenty_deliveries_of_96_kib_each_are_one_step
        a_delivery_keeps_its_receivers_longest_answers_over_all_attempts
        an_answer_of_4_mib_is_remembered_whole
        a_page_of_a_hundred_full_timers_is_listed
    }
}

cases! {
    $
    /// Expands to one test for each promise of the `Alarms` and `Queue` ports: they are seen through a product at work on
    /// them. The expression gives a fresh [`WorkingInfrastructure`].
    clockwork_cases(WorkingInfrastructure, crate::stage::Stage<'_>):
    alarms {
        each_timer_is_told_of_when_it_is_due_and_never_before
        a_timer_created_after_a_later_one_is_told_of_before_it
        many_timers_due_at_one_instant_are_each_told_of_once
        an_alarm_set_again_does_no_harm
        an_alarm_taken_back_or_left_over_from_an_earlier_plan_does_no_harm
        a_timer_that_fell_due_while_nothing_was_at_work_is_told_of_at_the_start
        a_timer_whose_alarm_was_never_set_is_told_of_all_the_same
    }
    queue {
        a_delivery_is_sent_at_once_with_its_own_body_under_its_id
        many_deliveries_are_handed_over_in_one_call
        a_delivery_handed_over_again_is_recorded_as_one_attempt
        a_delivery_that_was_never_handed_over_is_sent_all_the_same
        a_failed_attempt_is_made_again_after_its_wait_with_the_same_bytes
    }
}

cases! {
    $
    /// Expands to one test for each way in which accounts could learn of each other through the API. The expression gives a
    /// fresh [`ServingInfrastructure`].
    isolation_cases(ServingInfrastructure, crate::isolation::service::Service):
    isolation {
        anothers_ids_are_answered_as_ids_that_nobody_has
        no_list_total_or_text_shows_anything_of_anothers
        a_name_that_another_has_taken_is_free
    }
}
