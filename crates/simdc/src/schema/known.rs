//! The attributes that the server itself knows about, by name, looked up once.

use super::{AttrId, Schema};

macro_rules! known {
    ($($field:ident: $name:literal,)*) => {
        /// The ids of the attributes that rules of the directory are about.
        #[derive(Debug, Clone, Copy)]
        pub struct Known {
            $(#[doc = concat!("`", $name, "`")] pub $field: AttrId,)*
        }

        impl Known {
            pub(super) fn of(schema: &Schema) -> Self {
                Self { $($field: schema.require($name),)* }
            }
        }
    };
}

known! {
    account_expires: "accountExpires",
    admin_count: "adminCount",
    allowed_attributes: "allowedAttributes",
    allowed_attributes_effective: "allowedAttributesEffective",
    allowed_child_classes: "allowedChildClasses",
    allowed_child_classes_effective: "allowedChildClassesEffective",
    bad_pwd_count: "badPwdCount",
    bad_password_time: "badPasswordTime",
    canonical_name: "canonicalName",
    cn: "cn",
    code_page: "codePage",
    country_code: "countryCode",
    create_time_stamp: "createTimeStamp",
    distinguished_name: "distinguishedName",
    group_type: "groupType",
    instance_type: "instanceType",
    is_critical_system_object: "isCriticalSystemObject",
    is_deleted: "isDeleted",
    is_recycled: "isRecycled",
    last_known_parent: "lastKnownParent",
    last_known_rdn: "msDS-LastKnownRDN",
    last_logoff: "lastLogoff",
    last_logon: "lastLogon",
    lockout_time: "lockoutTime",
    logon_count: "logonCount",
    managed_password_interval: "msDS-ManagedPasswordInterval",
    member: "member",
    member_of: "memberOf",
    modify_time_stamp: "modifyTimeStamp",
    name: "name",
    object_category: "objectCategory",
    object_class: "objectClass",
    object_guid: "objectGUID",
    object_sid: "objectSid",
    operator_count: "operatorCount",
    primary_group_id: "primaryGroupID",
    primary_group_token: "primaryGroupToken",
    proxy_addresses: "proxyAddresses",
    pwd_last_set: "pwdLastSet",
    repl_property_meta_data: "replPropertyMetaData",
    sam_account_name: "sAMAccountName",
    sam_account_type: "sAMAccountType",
    sd_rights_effective: "sDRightsEffective",
    security_descriptor: "nTSecurityDescriptor",
    service_principal_name: "servicePrincipalName",
    show_in_advanced_view_only: "showInAdvancedViewOnly",
    sid_history: "sIDHistory",
    supplemental_credentials: "supplementalCredentials",
    system_flags: "systemFlags",
    token_groups: "tokenGroups",
    unicode_pwd: "unicodePwd",
    user_account_control: "userAccountControl",
    user_principal_name: "userPrincipalName",
    usn_changed: "uSNChanged",
    usn_created: "uSNCreated",
    well_known_objects: "wellKnownObjects",
    when_changed: "whenChanged",
    when_created: "whenCreated",
}
