//! Keys: `zmq_z85_*` and `zmq_curve_*`.

use crate::{
    border::{done, guard},
    errno::Errno,
};
use std::ffi::{CStr, c_char, c_int};
use zeroxide::{SecretKey, z85};

/// Writes octets as text, five characters for four octets, and a zero. Null and `EINVAL` if they do not come in fours.
///
/// # Safety
/// `size` octets can be read at `data`, and `size / 4 * 5 + 1` written at `destination`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_z85_encode(
    destination: *mut c_char,
    data: *const u8,
    size: usize,
) -> *mut c_char {
    guard(std::ptr::null_mut(), || {
        if destination.is_null() || (data.is_null() && size > 0) {
            return Err(Errno::EINVAL);
        }
        let data = match size {
            0 => &[],
            // SAFETY: not null, so by the contract of this function so many octets can be read.
            _ => unsafe { std::slice::from_raw_parts(data, size) },
        };
        let text = z85::encode(data).map_err(|_| Errno::EINVAL)?;
        // SAFETY: by the contract of this function there is room for the text and its zero.
        unsafe { write_text(destination, text.as_bytes()) };
        Ok(destination)
    })
}

/// Reads such text back: four octets for five characters. Null and `EINVAL` for what is none, and for an empty text.
///
/// # Safety
/// `text` ends with a zero, and `destination` has room for four octets for each five before it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_z85_decode(destination: *mut u8, text: *const c_char) -> *mut u8 {
    guard(std::ptr::null_mut(), || {
        if destination.is_null() || text.is_null() {
            return Err(Errno::EINVAL);
        }
        // SAFETY: not null, so by the contract of this function it ends with a zero.
        let text = unsafe { CStr::from_ptr(text) };
        let octets = z85::decode(text.to_bytes()).map_err(|_| Errno::EINVAL)?;
        if octets.is_empty() {
            return Err(Errno::EINVAL);
        }
        // SAFETY: by the contract of this function there is room for them, and the two do not overlap: one is ours.
        unsafe { std::ptr::copy_nonoverlapping(octets.as_ptr(), destination, octets.len()) };
        Ok(destination)
    })
}

/// Makes a pair of CURVE keys, as texts of 40 characters and a zero.
///
/// # Safety
/// At both places 41 octets can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_curve_keypair(public_key: *mut c_char, secret_key: *mut c_char) -> c_int {
    done(|| {
        if public_key.is_null() || secret_key.is_null() {
            return Err(Errno::EFAULT);
        }
        let keys = zeroxide::curve_keypair().map_err(|error| Errno::of(&error, Errno::ENOTSUP))?;
        // SAFETY: not null, so by the contract of this function there is room for 40 characters and a zero, twice.
        unsafe {
            write_text(public_key, keys.public.to_z85().as_bytes());
            write_text(secret_key, keys.secret.to_z85().as_bytes());
        }
        Ok(())
    })
}

/// The public key that belongs to a secret one, both as texts. `EINVAL` for what is no key.
///
/// # Safety
/// At `public_key` 41 octets can be written; `secret_key` ends with a zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_curve_public(public_key: *mut c_char, secret_key: *const c_char) -> c_int {
    done(|| {
        if public_key.is_null() || secret_key.is_null() {
            return Err(Errno::EFAULT);
        }
        // SAFETY: not null, so by the contract of this function it ends with a zero.
        let text = unsafe { CStr::from_ptr(secret_key) };
        let text = text.to_str().map_err(|_| Errno::EINVAL)?;
        let secret: SecretKey = text.parse().map_err(|_| Errno::EINVAL)?;
        // SAFETY: not null, so by the contract of this function there is room.
        unsafe { write_text(public_key, secret.public().to_z85().as_bytes()) };
        Ok(())
    })
}

/// # Safety
/// There is room for the text and a zero.
unsafe fn write_text(destination: *mut c_char, text: &[u8]) {
    // SAFETY: by the contract of this function; our own text cannot overlap with C's room.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr(), destination.cast(), text.len());
        destination.add(text.len()).write(0);
    }
}
