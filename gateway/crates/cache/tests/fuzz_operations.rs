//! Any operations, with ample and with scarce room, against the model.
#![forbid(unsafe_code)]

mod driver;

use driver::{Room, run};

#[test]
fn operations_agree_with_the_model() {
    bolero::check!().with_type::<(bool, Vec<[u8; 4]>)>().for_each(|(is_scarce, code)| {
        run(if *is_scarce { Room::Scarce } else { Room::Ample }, code);
    });
}
