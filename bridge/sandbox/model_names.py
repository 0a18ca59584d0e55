"""The names of Propexo's data models, as it publishes them."""

SYNCED = (
    "accounting_entities", "address_types", "amenities", "ap_codes", "applicant_pets", "applicants",
    "application_statuses", "applications", "call_logs", "charge_code_types", "charge_codes",
    "charge_timings", "concessions", "construction_jobs", "contracts", "deposit_summaries", "deposits",
    "employees", "event_results", "event_sub_types", "event_types", "events", "fees", "file_types",
    "financial_accounts", "floor_plans", "invoice_items", "invoices", "lead_pets", "lead_relationships",
    "lead_sources", "leads", "lease_services", "lease_transfers", "leases", "listings", "locations",
    "note_categories", "owners", "payable_registers", "pet_types", "properties", "property_lists",
    "property_office_hours", "purchase_orders", "recurring_resident_charges", "rentable_items",
    "resident_allocations", "resident_charges", "resident_insurance", "resident_payments", "resident_pets",
    "resident_vehicles", "residents", "screenings", "service_request_categories",
    "service_request_locations", "service_request_notes", "service_request_priorities",
    "service_request_problems", "service_request_statuses", "service_request_vendor_categories",
    "service_request_vendor_contacts", "service_request_vendors", "service_request_vendors_insurance",
    "service_requests", "timezones", "unit_details", "unit_pricing", "units",
    "vendor_insurance_coverage_types", "vendor_insurance_policy_types", "vendor_payment_types",
)  # fmt: skip
"""What a manual sync can be asked for."""

WITH_WEBHOOKS = (
    *SYNCED,
    "ap_codes_to_construction_job", "applicants_to_applications", "applicants_to_events",
    "applicants_to_rentable_items", "charge_code_types_to_charge_timings", "construction_job_details",
    "contract_details", "crm_agents", "crm_amenities", "crm_attributions", "crm_communities",
    "crm_communities_to_agents", "crm_communities_to_attributions", "crm_events", "crm_listings",
    "crm_pet_policies", "crm_prospects", "entrata_lease_periods", "entrata_unit_types",
    "entrata_vendor_locations", "event_results_to_event_types", "integration_configuration_meta_data",
    "leads_to_events", "leads_to_rentable_items", "owners_to_properties", "payable_register_items",
    "property_lists_to_properties", "purchase_order_items", "purchase_order_items_to_invoices",
    "rentvine_application_templates", "residents_to_events", "residents_to_leases",
    "residents_to_rentable_items", "service_request_access_contacts",
    "service_request_vendors_to_properties", "service_requests_to_employees", "service_requests_to_vendors",
    "transactions", "units_to_amenity",
)  # fmt: skip
"""What a webhook can be registered for: these, and the records that link two of them."""
